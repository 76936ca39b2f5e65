#!/usr/bin/python3
"""soak - mixed load while roles are killed, disks full, servers slow or gone, and
the name server silent; then all mail is counted.  In a root of soak.sh only.

    soak.py run FOLDER MINUTES SEED [JUMPS]
    soak.py sink FOLDER     the SMTP server: 127.0.0.1:2525, and 127.0.0.12:25
    soak.py dns             the name server: looked-up.example has an MX there

Load, some messages a second: alice, bob, carol, dave and erin write to each
other's mailboxes (mbox, Maildir by .forward, a command, a file by .forward), to a
list, to a relay, to a domain whose MX is asked for, to a user who is not there;
short and long, by the set-gid way and by the socket; now and then a sendmail is
killed.  Each message has a token of its own, on its first and last line.

Every few seconds something of fault() begins.  In the first half of each ten minutes no
role that stays is killed: its memory and descriptors are compared over that time.

Right is, for each token and each place it was for:
    said 0 for      there, whole: in a mailbox, Maildir or file once; behind a
                    command or a server at least once (a command that is killed in
                    its middle runs again, deliver(8); a server whose last answer
                    was lost gets it again, RFC 1047); for the user who is not
                    there one bounce
    refused         nowhere
    killed          once, or not at all; so also one by the socket whose agent was
                    ended before it had replied, which is said to be refused
and at the end an empty spool, and nothing in quarantine.

The clock jumps with JUMPS only (make check-clock), since no namespace has a
CLOCK_REALTIME of its own: it is set by clock_settime on a whole machine, of qemu
(clock.sh), so all that ask it see it, sendmail, each role, the file system
and the servers, by whatever call.  Nine of ten messages go by a sendmail -bs that
stays, since that machine is slow.  Three of five faults set it ahead or
back by seconds, an hour, a day or a month, once by a year; most are set right some
seconds later, the others stay until the next.  All times here are by the clock
that only goes on.  Right is then besides: nobody is told of a delay, nothing
is given up, no alert says that a relay is not to be used, mailq answers, and what
waits is tried again without being asked to.  Alerts are shown: that mail is
stuck is true by its date where one came while the clock was behind and waits for
more than a minute."""

import asyncio
import collections
import glob
import os
import random
import re
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time

SPOOL, CONTROL = "/var/spool/bellman", "/run/bellman/control"
USERS = ["alice", "bob", "carol", "dave", "erin"]
ROLES = ["queue", "net", "dns"]


# --- the servers ---

class Sink:
    """Its file mode says how it is today."""

    def __init__(self, folder):
        self.folder = folder
        self.log = open(f"{folder}/taken", "a", encoding="ascii")

    def mode(self):
        try:
            with open(f"{self.folder}/mode", encoding="ascii") as f:
                return f.read().strip()
        except OSError:
            return ""

    async def data(self, reader, writer, rcpts):
        text = await reader.readuntil(b"\r\n.\r\n")
        if self.mode() == "later":
            return b"451 4.3.0 not now"
        marks = [re.search(rb"^%s of (\S+)\r" % w, text, re.M) for w in (b"first", b"last")]
        whole = all(marks) and marks[0].group(1) == marks[1].group(1)
        for rcpt in rcpts:
            self.log.write(f"{marks[0].group(1).decode() if whole else 'TORN'} {rcpt}\n")
        self.log.flush()
        if self.mode() == "mute" and random.random() < 0.3:
            writer.transport.abort()
        return b"250 2.0.0 taken"

    async def session(self, reader, writer):
        rcpts = []
        try:
            if self.mode() == "gone":
                writer.transport.abort()
                return
            writer.write(b"220 sink.example\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if self.mode() == "slow":
                    await asyncio.sleep(random.uniform(0, 2))
                if verb == b"EHLO":
                    writer.write(b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n")
                elif verb == b"RCPT":
                    rcpts.append(line.split(b"<")[1].split(b">")[0].decode())
                    writer.write(b"250 2.1.5 ok\r\n")
                elif verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    await writer.drain()
                    writer.write(await self.data(reader, writer, rcpts) + b"\r\n")
                    rcpts = []
                elif verb == b"QUIT":
                    writer.write(b"221 2.0.0 bye\r\n")
                    break
                else:
                    rcpts = [] if verb in (b"MAIL", b"RSET") else rcpts
                    writer.write(b"250 2.0.0 ok\r\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def sink(folder):
    s = Sink(folder)
    for host, port in (("127.0.0.1", 2525), ("127.0.0.12", 25)):
        await asyncio.start_server(s.session, host, port, limit=1 << 24)
    open(f"{folder}/ready", "w", encoding="ascii").close()
    await asyncio.Event().wait()


def dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))
    while True:
        packet, peer = s.recvfrom(4096)
        end = packet.index(b"\0", 12)
        question, name = packet[12:end + 5], packet[12:end].lower()
        kind = struct.unpack(">H", packet[end + 1:end + 3])[0]
        answer, code = b"", 0
        if name == b"\x09looked-up\x07example" and kind == 15:
            answer = b"\xc0\x0c" + struct.pack(">HHIHH", 15, 1, 5, 7, 10) + b"\x02mx\xc0\x0c"
        elif name == b"\x02mx\x09looked-up\x07example" and kind == 1:
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + bytes((127, 0, 0, 12))
        elif not name.endswith(b"looked-up\x07example"):
            code = 3
        head = packet[:2] + struct.pack(">H5H", 0x8180 | code, 1, 1 if answer else 0, 0, 0, 0)[:10]
        s.sendto(head + question + answer, peer)


# --- the load ---

# To whom: words for sendmail, and where it has to be in the end.
TO = [
    ("alice", ["alice"]), ("bob", ["bob"]), ("bob alice", ["alice", "bob"]), ("carol", ["carol"]),
    ("dave", ["dave"]), ("erin", ["erin"]), ("list", ["alice", "bob", "carol", "list@far.example"]),
    ("x@far.example", ["x@far.example"]), ("y@far.example bob", ["y@far.example", "bob"]),
    ("z@looked-up.example", ["z@looked-up.example"]),
    ("carol dave erin", ["carol", "dave", "erin"]),
    ("nosuchuser", ["bounce"]),
]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def pids(title):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                if f.read().startswith(f"deliver: {title}"):
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
        return 1
    except ProcessLookupError:
        return 0


def user(name, *way):
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--reset-env", *way, "/usr/sbin/sendmail"]


class Dialogue:
    """sendmail -bs of one user: no program has to start for a message."""

    def __init__(self, name):
        self.p = subprocess.Popen([*user(name), "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.reply()
        self.say("EHLO soak.example")

    def reply(self):
        got = b""
        while not re.search(rb"^\d{3} .*\n$", got, re.M):
            more = select.select([self.p.stdout], [], [], 300)[0] and os.read(self.p.stdout.fileno(), 4096)
            if not more:
                raise EOFError
            got += more
        return int(got.splitlines()[-1][:3])

    def say(self, text):
        self.p.stdin.write(text.encode() + b"\r\n")
        self.p.stdin.flush()
        return self.reply()

    def send(self, sender, words, text):
        """0, or the reply that refused it; EOFError, OSError: it has ended."""
        for line in [f"MAIL FROM:<{sender}>"] + [f"RCPT TO:<{w}>" for w in words] + ["DATA"]:
            if (code := self.say(line)) >= 400:
                self.say("RSET")
                return code
        code = self.say(text.replace("\n", "\r\n") + ".")
        return 0 if code == 250 else code


class Soak:
    def __init__(self, folder, minutes, seed, jumps=False):
        self.folder, self.random = folder, random.Random(seed)
        self.end = time.monotonic() + 60 * minutes
        self.begun, self.period = time.monotonic(), min(600, 30 * minutes)
        self.sent, self.counts = {}, collections.Counter()  # token: (status, from, places)
        self.faults, self.undo = collections.Counter(), []  # undo: (when, what)
        self.samples = collections.defaultdict(list)  # (role, pid): (pss, descriptors)
        self.n, self.agent = 0, None
        self.flying = []  # (process, token, from, places, ends or None)
        self.ends = 0  # of the agent, by us: who asks it by the socket then hears nothing more
        self.servers = {}
        self.jumps, self.year, self.wrong, self.dialogues = jumps, True, [], {}
        if jumps and "clock.sh" not in read("/proc/cmdline"):
            sys.exit("soak.py: the clock of this machine is left alone; make check-clock")
        self.ahead = time.time() - time.monotonic()
        self.by, self.forward, self.begins = 0, [], {}  # of the clock; when it was set ahead; token: when

    def server(self, what, *words):
        self.servers[what] = subprocess.Popen([sys.executable, os.path.abspath(__file__), what, *words])

    def tend_agent(self):
        if self.agent is None or self.agent.poll() is not None:
            if self.agent is not None:
                self.counts["agents"] += 1
            self.agent = subprocess.Popen(["/usr/sbin/deliver"], stderr=subprocess.DEVNULL)

    def speak(self, token, sender, words, places, text):
        status = -1  # it may be there, or not
        try:
            if sender not in self.dialogues:
                self.dialogues[sender] = Dialogue(sender)
            status = self.dialogues[sender].send(sender, words, text)
        except (EOFError, OSError):
            p = self.dialogues.pop(sender, None)
            if p:
                p.p.kill()
            self.counts["dialogues that ended"] += 1
        self.sent[token] = (status, sender, places)

    def submit(self):
        # few come back: many reports are one (bounce.h)
        words, places = self.random.choice(TO if self.random.random() < 0.05 else TO[:11])
        sender = self.random.choice(USERS[:2])
        token = f"t{self.n}"
        self.n += 1
        self.begins[token] = time.monotonic()
        lines = self.random.choice((1, 3, 10, 10, 40, 200, 2000))
        body = "".join(f"{token} line {i}\n" for i in range(lines))
        text = f"Subject: {token}\n\nfirst of {token}\n{body}last of {token}\n"
        if self.jumps and places != ["bounce"] and self.random.random() < 0.9:
            self.speak(token, sender, words.split(), places, text)
            return
        way = ["--no-new-privs"] if self.random.random() < 0.3 else []
        p = subprocess.Popen([*user(sender, *way), "-i", *words.split()],
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        killed = self.random.random() < 0.02
        try:
            p.stdin.write(text.encode())
            if killed:
                time.sleep(self.random.uniform(0, 0.01))
                p.kill()
            p.stdin.close()
        except OSError:
            pass
        self.flying.append((p, token, sender, places, self.ends if way else None))

    def land(self):
        for f in list(self.flying):
            p, token, sender, places, ends = f
            if p.poll() is not None:
                self.flying.remove(f)
                lost = p.returncode == 75 and ends not in (None, self.ends)
                self.counts["reply lost with the agent"] += lost
                self.sent[token] = (-1 if lost else p.returncode, sender, places)

    # --- what goes wrong: each says for how long ---

    def mode(self, how, least, most):
        def set_to(word):
            with open(f"{self.folder}/mode.new", "w", encoding="ascii") as f:
                f.write(word)
            os.rename(f"{self.folder}/mode.new", f"{self.folder}/mode")
        set_to(how)
        self.later(least, most, lambda: set_to(""))

    def later(self, least, most, what):
        self.undo.append((time.monotonic() + self.random.uniform(least, most), what))

    def fill(self, place, least, most):
        name = f"{place}/.filler"

        def empty():
            if os.path.exists(name):
                os.unlink(name)
        try:
            with open(name, "wb") as f:
                while True:
                    f.write(b"\0" * 65536)
                    f.flush()
        except OSError:
            pass
        self.later(least, most, empty)

    def kill_some(self, title):
        found = pids(title)
        return kill(self.random.choice(found)) if found else 0

    def fault(self):
        if self.jumps and self.random.random() < 0.6:
            self.jump()
            return
        calm = (time.monotonic() - self.begun) % self.period < self.period / 2
        kinds = {
            "slow server": lambda: self.mode("slow", 5, 15),
            "server answers 451": lambda: self.mode("later", 3, 10),
            "server is gone": lambda: self.mode("gone", 3, 10),
            "server hangs up at the dot": lambda: self.mode("mute", 3, 10),
            "full spool": lambda: self.fill(SPOOL, 1, 5),
            "full mailboxes": lambda: self.fill("/var/mail", 1, 5),
            "silent name server": self.dns_stops,
            "kill -9 of a user's process": lambda: self.kill_some("user"),
        }
        if not calm:  # these begin a role anew
            kinds.update({
                "kill -9 of queue": lambda: self.kill_some("queue"),
                "kill -9 of net": lambda: self.kill_some("net"),
                "kill -9 of dns": lambda: self.kill_some("dns"),
                "kill -9 of the agent": lambda: self.end_agent(signal.SIGKILL),
                "the agent stops": lambda: self.end_agent(signal.SIGTERM),
                "settings read again": lambda: kill(self.agent.pid, signal.SIGHUP),
            })
        what = self.random.choice(list(kinds))
        if kinds[what]() != 0:
            self.faults[what] += 1

    def clock(self, by=0):
        """Set, from what is right."""
        if by - self.by >= 3600:
            self.forward.append(time.monotonic())
        self.by = by
        time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + self.ahead + by)

    def jump(self):
        far = {"some seconds": self.random.uniform(2, 120), "an hour": 3600, "a day": 86400, "a month": 30 * 86400}
        if self.year:
            far["a year"] = 365 * 86400
        what, ahead = self.random.choice(list(far)), self.random.random() < 0.5
        self.year &= what != "a year"
        self.clock(far[what] if ahead else -far[what])
        self.faults[f"clock {what} {'ahead' if ahead else 'back'}"] += 1
        if self.random.random() < 0.7:
            self.later(3, 15, self.clock)
        if self.random.random() < 0.2:
            p = subprocess.run(["/usr/bin/mailq"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if p.returncode or re.search(rb" -\d+[dhms]\b", p.stdout):
                self.wrong.append(f"mailq: {p.returncode} {p.stdout[:200]}")

    def end_agent(self, number):
        self.ends += 1
        return kill(self.agent.pid, number)

    def dns_stops(self):
        kill(self.servers["dns"].pid, signal.SIGSTOP)
        self.later(5, 15, lambda: kill(self.servers["dns"].pid, signal.SIGCONT))

    def mend(self, everything=False):
        for u in list(self.undo):
            if everything or u[0] <= time.monotonic():
                self.undo.remove(u)
                u[1]()

    # --- memory and descriptors ---

    def sample(self):
        for role, found in [("parent", [self.agent.pid])] + [(r, pids(r)[:1]) for r in ROLES]:
            for pid in found:
                try:
                    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                        pss = int(re.search(r"^Pss: *(\d+)", f.read(), re.M).group(1))
                    self.samples[role, pid].append((pss, len(os.listdir(f"/proc/{pid}/fd"))))
                except (OSError, AttributeError):
                    pass

    def flat(self):
        """The longest lives: the last quarter against the second."""
        bad = []
        for role in ["parent"] + ROLES:
            lives = sorted((v for (r, _), v in self.samples.items() if r == role), key=len)
            if not lives or len(lives[-1]) < 12:
                continue
            life = lives[-1]
            q = len(life) // 4
            early, late = life[q:2 * q], life[-q:]
            pss = [statistics.median(s[0] for s in part) for part in (early, late)]
            fds = [statistics.median(s[1] for s in part) for part in (early, late)]
            print(f"{role}: a life of {len(life)} looks: PSS {pss[0]:.0f} -> {pss[1]:.0f} KiB (most "
                  f"{max(s[0] for s in life)}), descriptors {fds[0]:.0f} -> {fds[1]:.0f} (most {max(s[1] for s in life)})")
            if pss[1] > 1.25 * pss[0] + 1024 or fds[1] > fds[0] + 8:
                bad.append(f"{role} grows")
        return bad

    # --- all of it ---

    def run(self):
        self.server("dns")
        self.server("sink", self.folder)
        while not os.path.exists(f"{self.folder}/ready"):
            time.sleep(0.05)
        next_fault = next_sample = 0
        while (now := time.monotonic()) < self.end:
            self.tend_agent()
            if len(self.flying) < 8:
                self.submit()
            self.land()
            self.mend()
            if now >= next_fault:
                self.fault()
                next_fault = now + self.random.uniform(2, 8)
            if now >= next_sample:
                self.sample()
                next_sample = now + (20 if self.jumps else 5)
            if now - self.begun > 60 * (self.counts["minutes"] + 1):
                self.counts["minutes"] += 1
                say(f"{self.n} messages, {sum(self.faults.values())} faults, "
                    f"{len(os.listdir(SPOOL + '/queue'))} wait")
            time.sleep(self.random.uniform(0.1, 0.4))
        self.mend(True)
        if self.jumps:
            self.clock()
        drained = self.drain()
        bad = self.flat() + self.count()
        if not drained:
            bad.append(f"the spool is not empty: {self.left()}")
        if os.listdir(SPOOL + "/quarantine"):
            bad.append(f"quarantine: {os.listdir(SPOOL + '/quarantine')}")
        for s in self.servers.values():
            s.kill()
        self.agent.terminate()
        self.agent.wait()
        print("faults: " + ", ".join(f"{n} {what}" for what, n in sorted(self.faults.items())))
        for b in bad:
            print(f"BAD: {b}")
        return 1 if bad else 0

    def left(self):
        return [n for d in ("drop", "queue", "queue/.intents") for n in os.listdir(f"{SPOOL}/{d}") if n[0] != "."]

    def drain(self):
        """Everything is up again: it all arrives."""
        end, asked = time.monotonic() + (1200 if self.jumps else 300), 0
        while time.monotonic() < end:
            self.tend_agent()
            self.land()
            if not self.flying and not self.left():
                self.sample()
                return True
            if time.monotonic() > asked + 10 and not self.jumps:
                asked = time.monotonic()
                subprocess.run(["/usr/sbin/sendmail", "-q"], stderr=subprocess.DEVNULL, check=False)
            time.sleep(0.2)
        return False

    def arrived(self):
        """By place: token to how often; torn ones by themselves."""
        got, torn = collections.defaultdict(collections.Counter), []

        def one(place, text):
            marks = re.findall(r"^(first|last) of (\S+)$", text, re.M)
            if re.search(r"^Content-Type: multipart/report", text, re.M):
                token = re.search(r"^Subject: (t\d+)$", text, re.M)
                place = "warning" if re.search(r"^Action: delayed", text, re.M) else "bounce"
                got[place][token.group(1) if token else "?"] += 1
            elif [m[0] for m in marks] == ["first", "last"] and marks[0][1] == marks[1][1]:
                got[place][marks[0][1]] += 1
            else:
                torn.append((place, text[:200]))

        for place, path in (("alice", "/var/mail/alice"), ("bob", "/var/mail/bob"), ("erin", "/home/erin/archive")):
            for text in re.split(r"(?:^|(?<=\n\n))(?=From )", read(path)):
                if text:
                    one(place, text)
        for path in glob.glob("/home/carol/Maildir/new/*"):
            one("carol", read(path))
        # Pieces of a command that was killed are its own affair.
        for token in re.findall(r"^last of (\S+)$", read("/home/dave/command"), re.M):
            got["dave"][token] += 1
        for line in read(f"{self.folder}/taken").splitlines():
            token, rcpt = line.split()
            if token == "TORN":
                torn.append((rcpt, token))
            got[rcpt][token] += 1
        return got, torn

    def four_jumps(self, token):
        """As many ahead make up the time for which it was to be tried (deliver(8))."""
        return sum(t > self.begins[token] for t in self.forward) >= 4

    def count(self):
        got, torn = self.arrived()
        c, bad = self.counts, [f"torn: {t}" for t in torn]
        given_up = {t for t in got["bounce"] if t in self.sent and self.sent[t][2] != ["bounce"] and self.four_jumps(t)}
        for place in ("warning", "bounce"):
            for token in [t for t in got[place] if t in given_up or (place == "warning" and self.four_jumps(t))]:
                c[f"{place} after four jumps"] += got[place].pop(token)
        for token, (status, _, places) in self.sent.items():
            c["said 0" if status == 0 else "killed" if status < 0 else f"refused ({status})"] += 1
            for place in places:
                n = got[place].pop(token, 0)
                again = place == "dave" or "@" in place
                c["copies"] += n
                if n > 1 and again:
                    c["twice, of a command" if place == "dave" else "twice, of SMTP"] += n - 1
                elif n > 1:
                    bad.append(f"{token} for {place}: {n} times")
                if n == 0 and status == 0 and token not in given_up:
                    bad.append(f"{token} for {place}: lost")
                if n and status > 0:
                    bad.append(f"{token} for {place}: refused with {status}, and delivered")
        for place, tokens in got.items():
            bad += [f"{token} at {place}: not for it" for token in tokens]
        bad += self.wrong
        if self.jumps:
            log, told = read("/var/log/mail.log"), collections.Counter(
                re.findall(r"^Subject: Alert of \S+: (.*)$", read("/var/mail/root"), re.M))
            print("alerts:", ", ".join(f"{n} {what}" for what, n in told.items()) or "none")
            bad += [f"alert: {what}" for what in told if "relay" in what]
            print(f"clock-set seen by {len(re.findall(' clock-set ', log))} looks at the alerts")
        print(f"{int(time.monotonic() - self.begun)} s, {len(self.sent)} messages: " +
              ", ".join(f"{k} {v}" for k, v in sorted(c.items())) +
              f"; lost {sum('lost' in b for b in bad)}, torn {len(torn)}")
        return bad


if __name__ == "__main__":
    if sys.argv[1] == "sink":
        asyncio.run(sink(sys.argv[2]))
    elif sys.argv[1] == "dns":
        dns()
    else:
        sys.exit(Soak(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), len(sys.argv) > 5).run())
