#!/usr/bin/python3
"""wide_dns.py FOLDER - a name server on 127.0.0.1:53 for tests/bench/destinations.sh: dN.wide
has no MX and the address 127.A.B.C by its number; nothing else is there.
FOLDER/ready appears when it listens, FOLDER/count has the questions so far."""
import os
import signal
import socket
import struct
import sys

FOLDER = sys.argv[1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
s.bind(("127.0.0.1", 53))
count = 0


def tell(*_):
    with open(os.path.join(FOLDER, "count"), "w", encoding="ascii") as f:
        f.write(f"{count}\n")
    sys.exit(0)


signal.signal(signal.SIGTERM, tell)
with open(os.path.join(FOLDER, "ready"), "w", encoding="ascii"):
    pass
SOA = (b"\x04wide\x00\x00\x06\x00\x01\x00\x00\x01\x2c\x00\x16"
       b"\x00\x00" + struct.pack(">5I", 1, 3600, 600, 86400, 300))
while True:
    packet, peer = s.recvfrom(4096)
    count += 1
    end = 12
    labels = []
    while packet[end]:
        labels.append(packet[end + 1:end + 1 + packet[end]])
        end += 1 + packet[end]
    question = packet[12:end + 5]
    kind = struct.unpack(">H", packet[end + 1:end + 3])[0]
    first = labels[0].lower() if labels else b""
    known = len(labels) == 2 and labels[1].lower() == b"wide" and first[1:].isdigit()
    if known and kind == 1:
        n = int(first[1:]) + 256
        answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04" + bytes(
            (127, 1 + (n >> 16), n >> 8 & 255, 1 + n % 254))
        head = packet[:2] + b"\x81\x80" + struct.pack(">4H", 1, 1, 0, 0)
        s.sendto(head + question + answer, peer)
    else:
        code = b"\x81\x80" if known else b"\x81\x83"
        head = packet[:2] + code + struct.pack(">4H", 1, 0, 1, 0)
        s.sendto(head + question + SOA, peer)
