#!/usr/bin/python3
"""mxd.py FOLDER PORT ADDRESS[=CERT]... - one SMTP server on each address, for
the stories about MX.  One with CERT (certificate and key in PEM) offers
STARTTLS.  FOLDER/ready appears when all listen; FOLDER/log gets a line
"ADDRESS tls|plain RECIPIENT" for each recipient of a message taken."""
import asyncio
import os
import signal
import ssl
import sys

from aiosmtpd.smtp import SMTP

FOLDER, PORT = sys.argv[1], int(sys.argv[2])


class Handler:
    def __init__(self, address):
        self.address = address

    async def handle_DATA(self, server, session, envelope):
        how = "tls" if session.ssl else "plain"
        with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as log:
            for rcpt in envelope.rcpt_tos:
                log.write(f"{self.address} {how} {rcpt}\n")
        return "250 2.0.0 taken"


def server(address, cert):
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert)
    return lambda: SMTP(Handler(address), hostname="mx.example",
                        enable_SMTPUTF8=True, tls_context=context)


async def main():
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    for spec in sys.argv[3:]:
        address, _, cert = spec.partition("=")
        await loop.create_server(server(address, cert), address, PORT)
    with open(os.path.join(FOLDER, "ready"), "w", encoding="utf-8"):
        pass
    await done.wait()


asyncio.run(main())
