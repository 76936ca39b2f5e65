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

Further arguments make it a relay of the strict kind:
    cert=PEM,KEY     its certificate: STARTTLS is offered, or, with the word
    wrapped          TLS comes first
    must             nothing is taken before TLS
    old              TLS 1.1, which nobody speaks any more
    user=NAME,FILE   AUTH (PLAIN, LOGIN) is demanded; FILE has the password
    token=NAME,FILE  AUTH XOAUTH2 is demanded
    sender=ADDRESS   the only one that may send
    terminals        SEND, SOML and SAML are offered, as RFC 821 has them
    requiretls       so is REQUIRETLS, by TLS only (RFC 8689)
    lmtp             it speaks LMTP, to one recipient at a time
FOLDER/log then has "AUTH MECHANISM NAME ok|refused", too.
"""
import asyncio
import base64
import os
import signal
import ssl
import sys
import warnings

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult

warnings.simplefilter("ignore")

PORT = int(sys.argv[1])
FOLDER = sys.argv[2]
RULES = dict(word.partition("=")[::2] for word in sys.argv[3:])


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
        if "terminals" in RULES:
            # behind the line with its name
            responses[1:1] = [f"250-{verb}" for verb in ("SEND", "SOML", "SAML")]
        if "requiretls" in RULES and (session.ssl is not None or "wrapped" in RULES):
            responses[1:1] = ["250-REQUIRETLS"]
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address != RULES.get("sender", address):
            note(f"MAIL {address} 553")
            return "553 5.7.1 not a sender of yours"
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


def judge_login(mechanism, name, word, rule):
    wanted, file = RULES[rule].split(",")
    with open(file, encoding="utf-8") as right:
        good = name == wanted and word == right.read().strip()
    note(f"AUTH {mechanism} {name} {'ok' if good else 'refused'}")
    return good


def authenticate(server, session, envelope, mechanism, data):
    good = judge_login(mechanism, data.login.decode(), data.password.decode(), "user")
    return AuthResult(success=good, handled=False)


async def auth_xoauth2(server, args):
    text = args[1] if len(args) > 1 else await server.challenge_auth("")
    if isinstance(text, str):
        text = base64.b64decode(text)
    fields = dict(f.partition("=")[::2] for f in text.decode().split("\x01") if f)
    good = judge_login("XOAUTH2", fields.get("user"), fields.get("auth", "").removeprefix("Bearer "), "token")
    if not good:
        await server.challenge_auth('{"status":"401"}')
    return AuthResult(success=good, handled=False, auth_data=fields.get("user"))


def context():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(*RULES["cert"].split(","))
    if "old" in RULES:
        ctx.minimum_version = ssl.TLSVersion.TLSv1
        ctx.maximum_version = ssl.TLSVersion.TLSv1_1
        ctx.set_ciphers("ALL:@SECLEVEL=0")
    return ctx


def make():
    more = {}
    handler = Handler()
    if "cert" in RULES and "wrapped" not in RULES:
        more.update(tls_context=context(), require_starttls="must" in RULES)
    if "user" in RULES:
        more.update(authenticator=authenticate, auth_required=True,
                    auth_require_tls="wrapped" not in RULES)
    if "token" in RULES:
        more.update(auth_required=True, auth_exclude_mechanism=["PLAIN", "LOGIN"],
                    auth_require_tls="wrapped" not in RULES)
        handler.auth_XOAUTH2 = auth_xoauth2
    return Server(handler, hostname="relay.example", enable_SMTPUTF8=True, **more)


class Server(LMTP if "lmtp" in RULES else SMTP):
    def connection_made(self, transport):
        note("connect")
        super().connection_made(transport)

    async def smtp_MAIL(self, arg):
        if "requiretls" in RULES and arg and " REQUIRETLS" in arg:
            note("REQUIRETLS")
            arg = arg.replace(" REQUIRETLS", "")
        await super().smtp_MAIL(arg)

    async def to_terminal(self, verb, arg):
        if "terminals" not in RULES:
            await self.push("502 5.5.1 not here")
            return
        note(verb)
        await self.smtp_MAIL(arg)

    async def smtp_SEND(self, arg):
        await self.to_terminal("SEND", arg)

    async def smtp_SOML(self, arg):
        await self.to_terminal("SOML", arg)

    async def smtp_SAML(self, arg):
        await self.to_terminal("SAML", arg)


async def main():
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    server = await loop.create_server(
        make, "127.0.0.1", PORT, ssl=context() if "wrapped" in RULES else None)
    with open(os.path.join(FOLDER, "ready"), "w", encoding="utf-8"):
        pass
    await done.wait()
    server.close()


asyncio.run(main())
