#!/usr/bin/python3
"""alpine.py SUBJECT TEXTFILE - types a message to bob and carol into alpine,
sends it, and ends with alpine's exit status; what its screen held goes to
stderr when something that must appear there does not."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
import urllib.parse

SUBJECT, TEXT = sys.argv[1:3]


def until(master, words, seconds=15):
    """reads what alpine shows until one of the words appears, or it ends"""
    screen = b""
    end = time.monotonic() + seconds
    while not any(w in screen for w in words):
        left = end - time.monotonic()
        if left <= 0 or not select.select([master], [], [], left)[0]:
            sys.exit(f"no {words}: {screen!r}")
        try:
            screen += os.read(master, 65536).replace(b"\0", b"")  # padding
        except OSError:
            return False
    return True


def main():
    with open(TEXT, encoding="utf-8") as file:
        text = file.read()
    url = "mailto:bob@mail.example?" + urllib.parse.urlencode(
        {"cc": "carol@remote.example", "subject": SUBJECT, "body": text},
        quote_via=urllib.parse.quote)
    pid, master = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "vt100"
        os.execv("/usr/bin/alpine", ["alpine", "-url", url])
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    until(master, [b"Postpone"])
    os.write(master, b"\x18")
    until(master, [b"Send message"])
    os.write(master, b"y")
    while until(master, [b"MAIN MENU"]):
        os.write(master, b"qy")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
