#!/usr/bin/python3
"""smtpd.py PORT FOLDER - an SMTP server on 127.0.0.1 for the stories.

FOLDER/ready appears when it listens; FOLDER/log gets one line an event
(connect, MAIL FROM address, RCPT TO address reply, DATA reply); FOLDER/N.msg
is the N-th message taken: its envelope in lines "MAIL FROM:" and "RCPT TO:",
an empty line, the message as it came.

A recipient whose local part begins with "no" gets 550, with "later" gets 451
until FOLDER/accept exists, with "bounce" is taken, but its DATA gets 554.

Each message is judged: FOLDER/log gets "ILLEGAL ..." for a line over 998
octets, a bare CR or LF, or, where FOLDER/seven exists at EHLO (8BITMIME is
not offered then), an octet over 0x7f.
"""
import asyncio
import os
import signal
import sys

from aiosmtpd.smtp import SMTP

PORT = int(sys.argv[1])
FOLDER = sys.argv[2]


def note(text):
    with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as log:
        log.write(text + "\n")


def judge(text, seven):
    for line in text.split(b"\r\n"):
        if len(line) > 998:
            note(f"ILLEGAL line of {len(line)} octets")
        if b"\r" in line or b"\n" in line:
            note("ILLEGAL bare CR or LF")
    if seven and any(octet > 127 for octet in text):
        note("ILLEGAL octets for a server of 7 bits")


class Handler:
    taken = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        session.seven = os.path.exists(os.path.join(FOLDER, "seven"))
        if session.seven:
            responses = [r for r in responses if "8BITMIME" not in r and "SMTPUTF8" not in r]
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        note(f"MAIL {address} {' '.join(options)}")
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = "250 2.1.5 recipient ok"
        if address.startswith("no"):
            reply = "550 5.1.1 nobody of that name"
        elif address.startswith("later"):
            if not os.path.exists(os.path.join(FOLDER, "accept")):
                reply = "451 4.3.0 not now"
        note(f"RCPT {address} {reply}")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        if any(r.startswith("bounce") for r in envelope.rcpt_tos):
            note("DATA 554")
            return "554 5.6.0 content refused"
        judge(envelope.original_content, getattr(session, "seven", True))
        Handler.taken += 1
        name = os.path.join(FOLDER, f"{Handler.taken}.msg")
        with open(name + ".tmp", "wb") as out:
            out.write(f"MAIL FROM:<{envelope.mail_from}>\n".encode())
            for rcpt in envelope.rcpt_tos:
                out.write(f"RCPT TO:<{rcpt}>\n".encode())
            out.write(b"\n" + envelope.original_content)
        os.rename(name + ".tmp", name)
        note("DATA 250")
        return "250 2.0.0 taken"


class Server(SMTP):
    def connection_made(self, transport):
        note("connect")
        super().connection_made(transport)


async def main():
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    server = await loop.create_server(
        lambda: Server(Handler(), hostname="relay.example", enable_SMTPUTF8=True),
        "127.0.0.1", PORT)
    with open(os.path.join(FOLDER, "ready"), "w", encoding="utf-8"):
        pass
    await done.wait()
    server.close()


asyncio.run(main())
