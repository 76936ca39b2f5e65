#!/usr/bin/python3
"""fake_smtpd.py SCRIPT [FOLDER] - an SMTP server that does what it is told.

SCRIPT is JSON: a list with an object for each connection (the last one serves
all that follow), from stage to what is done there: banner, EHLO, HELO, LHLO,
MAIL (SEND, SOML, SAML as well), RCPT, DATA, BDAT, dot, RSET, QUIT, STARTTLS
(which starts none), AUTH, other.  dot is the
answer to the last BDAT, too, unless BDAT is in the script; after LHLO it is
done once for each recipient.  A value is a string, or a list of strings for the
first time, the second and so on.  A string is steps parted by "|":

    250 ok        says that (a newline in it begins another line)
    wait 0.2      seconds, 10 at most
    drip 0.05 250 ok   says it, an octet at a time
    raw ...       says exactly that
    flood N ...   says that again and again, N octets of it
    close         closes;  reset   with an RST
    silent        says and reads nothing any more, for 30 s at most
    deaf          takes bytes but says nothing any more

SCRIPT may be an object from names to such lists: one server each, all in this
process; the names stand in front of what it prints.

It prints its ports, then a line for each connection, command and message, with
the connection's number in front; it ends when its standard input does.
FOLDER gets each message as N, CRLF and dots undone.
"""
import asyncio
import json
import os
import socket
import struct
import sys

SCRIPT = json.loads(sys.argv[1])
FOLDER = sys.argv[2] if len(sys.argv) > 2 else None
USUAL = {
    "banner": "220 fake",
    "EHLO": "250-fake\n250-PIPELINING\n250-SIZE 100000000\n"
            "250-8BITMIME\n250 ENHANCEDSTATUSCODES",
    "HELO": "250 fake",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go",
    "BDAT": None,
    "STARTTLS": "502 no",
    "AUTH": "504 no",
    "other": "500 what",
    "dot": "250 2.0.0 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye|close",
}
USUAL["LHLO"] = USUAL["EHLO"]
message = 0


class Gone(Exception):
    pass


class Talk:
    def __init__(self, reader, writer, number, script):
        self.reader, self.writer = reader, writer
        self.number = number
        self.script = dict(USUAL)
        self.script.update(script)
        self.lmtp = False
        self.taken = 0  # recipients
        self.chunks = b""
        self.times = {}
        self.deaf = False

    def note(self, text):
        print(f"{self.number} {text}", flush=True)

    async def say(self, octets):
        if not self.deaf:
            self.writer.write(octets)
            await self.writer.drain()

    async def step(self, what):
        word, _, rest = what.partition(" ")
        if word == "wait":
            await asyncio.sleep(min(float(rest), 10))
        elif word == "drip":
            pause, _, text = rest.partition(" ")
            for octet in text.encode() + b"\r\n":
                await self.say(bytes([octet]))
                await asyncio.sleep(min(float(pause), 1))
        elif word == "raw":
            await self.say(rest.encode("latin-1"))
        elif word == "flood":
            octets, _, text = rest.partition(" ")
            piece = text.encode("latin-1")
            for _ in range(int(octets) // (1000 * len(piece)) + 1):
                await self.say(piece * 1000)
        elif word == "close":
            raise Gone
        elif word == "reset":
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            raise Gone
        elif word == "silent":
            self.reader._transport.pause_reading()
            await asyncio.sleep(30)
            raise Gone
        elif word == "deaf":
            self.deaf = True
        else:
            await self.say(what.replace("\n", "\r\n").encode() + b"\r\n")

    async def act(self, stage):
        todo = self.script[stage]
        nth = self.times.get(stage, 0)
        self.times[stage] = nth + 1
        if isinstance(todo, list):
            todo = todo[min(nth, len(todo) - 1)]
        for what in todo.split("|"):
            await self.step(what)
        return todo

    async def text(self):
        lines = []
        while True:
            try:
                line = await self.reader.readline()
            except ConnectionError:  # a reset, when our 354 was not read
                line = b""
            if not line.endswith(b"\r\n"):
                self.note(f"torn after {sum(map(len, lines))}")
                raise Gone
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        await self.whole(b"".join(lines))

    async def whole(self, body):
        global message
        message += 1
        self.note(f"dot {len(body)}")
        if FOLDER:
            with open(os.path.join(FOLDER, str(message)), "wb") as f:
                f.write(body.replace(b"\r\n", b"\n"))
        for _ in range(self.taken if self.lmtp else 1):
            await self.act("dot")
        self.taken, self.chunks = 0, b""

    async def chunk(self, words):
        size, last = int(words[1]), len(words) > 2
        try:
            self.chunks += await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.note(f"torn after {len(self.chunks)}")
            raise Gone
        if self.script["BDAT"]:
            await self.act("BDAT")
        elif not last:
            await self.say(b"250 2.0.0 %d octets\r\n" % size)
        elif self.taken == 0:
            await self.say(b"503 5.5.1 nobody\r\n")
        else:
            await self.whole(self.chunks)
        if last:
            self.chunks = b""

    async def run(self):
        self.note("open")
        await self.act("banner")
        while True:
            line = await self.reader.readline()
            if not line:
                raise Gone
            line = line.rstrip(b"\r\n").decode("utf-8", "replace")
            self.note(line)
            verb = line[:4].upper()
            if verb in ("SEND", "SOML", "SAML"):
                verb = "MAIL"
            if verb == "STAR":
                verb = "STARTTLS"
            if verb not in self.script:
                await self.act("other")
                continue
            if verb == "BDAT":
                await self.chunk(line.split())
                continue
            self.lmtp |= verb == "LHLO"
            if verb in ("MAIL", "RSET"):
                self.taken = 0
            said = await self.act(verb)
            self.taken += verb == "RCPT" and said.startswith("25")
            if verb == "DATA" and "354" in said:
                await self.text()


def serve(name, script):
    connections = 0

    async def one(reader, writer):
        nonlocal connections
        nth = connections
        connections += 1
        talk = Talk(reader, writer, f"{name}{nth}",
                    script[min(nth, len(script) - 1)] if script else {})
        try:
            await talk.run()
        except (Gone, ConnectionError, ValueError):
            pass
        talk.note("close")
        writer.close()

    return one


async def main():
    servers = SCRIPT if isinstance(SCRIPT, dict) else {"": SCRIPT}
    for name, script in servers.items():
        server = await asyncio.start_server(
            serve(name and name + ".", script), "127.0.0.1", 0, limit=1 << 20)
        print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await asyncio.sleep(0.05)  # what has arrived by now is still said
    os._exit(0)


asyncio.run(main())
