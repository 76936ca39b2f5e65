#!/usr/bin/python3
"""powercut - a run of sendmail and the agent is recorded, and what a disk may
hold after a power cut in its middle is put in place, image by image; the agent
mends each, and all mail is counted (README).  In a root of root.sh only.

    powercut.py work               the run; it is recorded by
    powercut.py record DIR         strace, into DIR
    powercut.py images DIR N [SEED [JOBS]]   N images, one after the other
    powercut.py image DIR NUMBER SEED   one of them, left as the agent left it
"""

import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from image import Image, crc32c  # noqa: E402
from trace import CALLS, Trace  # noqa: E402

SPOOL, LIB, MAIL, HOME = "/var/spool/bellman", "/var/lib/bellman", "/var/mail", "/home"
ROOTS = [SPOOL, LIB, MAIL, HOME]
ACKS, COPIES = "/tmp/powercut.acks", "/tmp/powercut.copies"
CONTROL = "/run/bellman/control"

# What is sent: name, from, to, lines, and where it has to be in the end.
BOB, ALICE, CAROL, DAVE = ("mbox", "/var/mail/bob"), ("mbox", "/var/mail/alice"), \
    ("maildir", "/home/carol/Maildir"), ("mbox", "/home/dave/archive")
FAR, BOUNCE = ("queue", "far"), ("bounce", "/var/mail/alice")
WAYS = {
    "bob": [BOB], "alice": [ALICE], "carol": [CAROL], "dave": [DAVE],
    "both": [ALICE, BOB], "all": [ALICE, BOB, CAROL, DAVE],
    "nosuchuser": [BOUNCE], "x@far.example": [FAR], "many": [BOB, FAR],
}
ALONE = [  # one after the other, the agent running
    ("bob", 3), ("alice", 40), ("carol", 5), ("dave", 60), ("both", 12), ("nosuchuser", 4),
    ("x@far.example", 8), ("bob x@far.example", 30), ("bob", 1500), ("all", 20), ("alice nosuchuser", 9),
    ("many", 6),
]
HEAPED = ["bob", "carol", "bob", "dave", "carol", "bob", "all", "carol", "dave", "alice", "carol",
          "bob x@far.example", "nosuchuser", "carol", "bob", "both", "many", "dave", "carol"]


def jobs():
    out = []
    for n, (to, lines) in enumerate(ALONE):
        out.append((f"a{n}", to, lines))
    for n, to in enumerate(HEAPED):
        out.append((f"h{n}", to, 3 + n * 7 % 50))
    return out


def targets(to):
    return [t for name in to.split() for t in WAYS[name]]


def text(token, lines):
    body = "".join(f"{token} line {i} of {lines}\n" for i in range(lines))
    return f"Subject: {token}\n\nfirst of {token}\n{body}last of {token}\n"


# --- the run ---

def submit(token, to, lines, socket):
    way = ["--no-new-privs"] if socket else []
    done = subprocess.run(["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "--reset-env", *way,
                           "/usr/sbin/sendmail", "-i", *to.split()],
                          input=text(token, lines).encode(), stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"powercut: sendmail for {token} -> {done.returncode}: {done.stderr.decode()}")
    fd = os.open(ACKS, os.O_WRONLY | os.O_APPEND)
    os.write(fd, token.encode() + b"\n")
    os.close(fd)


def keep_copies():
    """Of what is written through memory."""
    for name in ("state.tdb", "aliases.tdb"):
        if os.path.exists(f"{LIB}/{name}"):
            at = f"{COPIES}/{name}.{len(os.listdir(COPIES)):03}"
            shutil.copyfile(f"{LIB}/{name}", at)


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            sys.exit(f"powercut: the run does not go on: {[f for _, _, f in os.walk(SPOOL)]}")
        time.sleep(0.02)


def waiting():
    """Messages in the spool that are not for the place that cannot be reached."""
    names = [f"{SPOOL}/{d}/{n}" for d in ("drop", "queue", "queue/.intents")
             for n in os.listdir(f"{SPOOL}/{d}") if not n.startswith(".")]
    n = 0
    for name in names:
        try:
            with open(name, "rb") as f:
                data = f.read()
            n += not (b"far.example" in data and b" defer " in data)
        except FileNotFoundError:
            n += 1
    return n


def work():
    os.makedirs(COPIES, exist_ok=True)
    agent = subprocess.Popen(["/usr/sbin/deliver"], stderr=subprocess.DEVNULL)
    try:
        run(agent)
    finally:
        agent.kill()


def run(agent):
    wait_until(lambda: os.path.exists(CONTROL))
    heap = 0
    for token, to, lines in jobs():
        if token.startswith("h") and not heap:
            wait_until(lambda: waiting() == 0)
            keep_copies()
            agent.send_signal(signal.SIGTERM)
            agent.wait()
            heap = 1
        submit(token, to, lines, token.startswith("a") and int(token[1:]) % 2)
        if token.startswith("a") and int(token[1:]) % 3 == 2:
            wait_until(lambda: waiting() == 0)
            keep_copies()
    subprocess.run(["/usr/sbin/deliver", "-q"], stderr=subprocess.DEVNULL, check=False)
    wait_until(lambda: waiting() == 0)
    keep_copies()


def record(folder):
    os.makedirs(folder, exist_ok=True)
    open(ACKS, "w").close()
    trace = Trace(ROOTS, ACKS)
    trace.watch()
    log = f"{folder}/trace"
    subprocess.run(["strace", "-f", "-y", "-xx", "-s", "4194304", "-o", log, "-e",
                    f"trace={CALLS}", sys.executable, os.path.abspath(__file__), "work"], check=True)
    trace.read(log)
    trace.copies = {}
    for name in sorted(os.listdir(COPIES)):
        with open(f"{COPIES}/{name}", "rb") as f:
            trace.copies.setdefault(name[:-4], []).append(f.read())
    bad = trace.differs()
    if bad:
        sys.exit("powercut: the trace does not tell all: " + "; ".join(bad[:5]))
    acks = [op.value for op in trace.ops if op.kind == "ack"]
    if sorted(acks) != sorted(token for token, _, _ in jobs()):
        sys.exit("powercut: not all was acknowledged")
    trace.dead, trace.place = None, None
    with open(f"{folder}/run", "wb") as f:
        pickle.dump(trace, f)
    kinds = {}
    for op in trace.ops:
        kinds[op.kind] = kinds.get(op.kind, 0) + 1
    print(f"# {len(trace.ops)} operations:", ", ".join(f"{k} {n}" for k, n in sorted(kinds.items())))


# --- what was there, and what is ---

class Story:
    """What the whole run did, as far as it is needed to judge a part."""

    def __init__(self, trace):
        self.acked = {op.value: i for i, op in enumerate(trace.ops) if op.kind == "ack"}
        self.begun = {}  # (token, target) -> when its text began to come there
        self.token_of = {}  # queue id -> token
        for i, op in enumerate(trace.ops):
            if op.kind != "write":
                continue
            for token in re.findall(rb"first of (\w+)\n", op.data):
                token = token.decode()
                for kind, place in {t for ts in WAYS.values() for t in ts}:
                    if op.path.startswith(place):
                        self.begun.setdefault((token, kind, place), i)
                if op.path.startswith(f"{SPOOL}/drop/"):
                    self.token_of[os.path.basename(op.path)] = token


MESSAGE = re.compile(rb"(?:^|(?<=\n\n))(?=From )")


def body_is(data, token, lines):
    return data.endswith(text(token, lines).split("\n\n", 1)[1].encode())


def split_mbox(data):
    return [m for m in MESSAGE.split(data) if m]


class Judge:
    def __init__(self, trace):
        self.trace, self.story = trace, Story(trace)
        self.before = {p: bytes(n.start[0]) for p, n in trace.first.items() if not n.folder}

    def found(self):
        """(token, kind, place) -> how often; and what is wrong."""
        there, wrong = {}, []
        lines = {token: n for token, _, n in jobs()}
        for kind, place in {t for ts in WAYS.values() for t in ts}:
            if kind == "mbox":
                data = self.read(place)
                had = self.before.get(place, b"")
                if not data.startswith(had):
                    wrong.append(f"torn: {place} has lost what stood there")
                    continue
                texts = split_mbox(data[len(had):])
                for m in texts:
                    self.one(m[:-1] if m.endswith(b"\n\n") else m + b"?", kind, place, lines, there, wrong)
            elif kind == "maildir":
                for where in ("new", "cur"):
                    folder = f"{place}/{where}"
                    for name in os.listdir(folder) if os.path.isdir(folder) else ():
                        self.one(self.read(f"{folder}/{name}"), kind, place, lines, there, wrong)
        return there, wrong

    @staticmethod
    def read(path):
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def one(self, m, kind, place, lines, there, wrong):
        token = re.search(rb"(?m)^Subject: (\w+)$", m)
        if m.startswith((b"From MAILER-DAEMON", b"Return-Path: <>\n")):
            kind = "bounce"
            end = re.search(rb'(?m)boundary="?([^"\n]+)"?', m)
            token = re.search(rb"(?m)^first of (\w+)$", m)
            if not (token and end and m.rstrip().endswith(b"--" + end[1] + b"--")):
                wrong.append(f"torn: a bounce in {place}")
                return
        elif not token or token[1].decode() not in lines or b"\0" in m or \
                not body_is(m, token[1].decode(), lines[token[1].decode()]) or m.count(b"\nfirst of ") != 1:
            wrong.append(f"torn: {place}: {m[:60]!r} ... {m[-60:]!r}")
            return
        key = (token[1].decode(), kind, place)
        there[key] = there.get(key, 0) + 1

    def spool(self, cut, there, wrong, left):
        for folder in ("drop", "queue", "queue/.intents"):
            for name in os.listdir(f"{SPOOL}/{folder}"):
                if name == ".intents":
                    continue
                data = self.read(f"{SPOOL}/{folder}/{name}")
                token = self.story.token_of.get(name)
                if folder == "queue" and token and self.whole(data) and b"far.example" in data:
                    there[token, "queue", "far"] = there.get((token, "queue", "far"), 0) + 1
                else:
                    wrong.append(f"left: {folder}/{name} ({token})")
        for name in os.listdir(f"{SPOOL}/quarantine"):
            token = self.story.token_of.get(name)
            if token is None or self.story.acked[token] < cut:
                wrong.append(f"lost: {name} ({token}) is in quarantine/")
            else:
                left.append(name)

    @staticmethod
    def whole(data):
        head = re.match(rb"bellman 1 env (\d{10}) ([0-9a-f]{8}) body (\d{16}) ([0-9a-f]{8})\n", data)
        if not head:
            return False
        env = data[head.end():head.end() + int(head[1])]
        body = data[head.end() + int(head[1]):][:int(head[3])]
        return crc32c(env) == int(head[2], 16) and crc32c(body) == int(head[4], 16)

    def judge(self, cut):
        there, wrong = self.found()
        left = []
        self.spool(cut, there, wrong, left)
        twice = 0
        for token, to, _ in jobs():
            for kind, place in targets(to):
                n = there.pop((token, kind, place), 0)
                acked = self.story.acked[token] < cut
                begun = self.story.begun.get((token, "mbox" if kind == "bounce" else kind, place), cut) < cut
                most = 2 if begun and kind != "queue" else 1
                if n == 0 and acked:
                    wrong.append(f"lost: {token} for {place}")
                elif n > most:
                    wrong.append(f"doubled: {token} in {place} {n} times")
                twice += n > 1
        wrong += [f"strange: {key}" for key in there]
        return wrong, twice, left


# --- image by image ---

def owners():
    import pwd
    import grp
    bellman = pwd.getpwnam("bellman")
    mail = grp.getgrnam("mail").gr_gid

    def owner(path, node):
        if not node.new:
            return node.uid, node.gid
        if path.startswith(HOME + "/"):
            user = pwd.getpwnam(path.split("/")[2])
            return user.pw_uid, user.pw_gid
        if path.startswith(MAIL + "/"):
            user = pwd.getpwnam(re.match(r"\.?(\w+)", os.path.basename(path))[1])
            return user.pw_uid, mail
        if os.path.basename(path) in owner.submitted:
            return pwd.getpwnam("alice").pw_uid, bellman.pw_gid
        return bellman.pw_uid, bellman.pw_gid

    return owner


def make(trace, number, seed):
    rng = random.Random(f"{seed}/{number}")
    return Image(trace, rng.randint(1, len(trace.ops)), rng.choice(("journal", "apart")),
                 rng.choice(("none", "all", "zeros", "some", "some", "some", "some")), rng)


def mend():
    """The agent, until it has nothing to do; what it says if it fails."""
    for name in os.listdir("/run/bellman"):
        os.unlink(f"/run/bellman/{name}")
    done = subprocess.run(["/usr/sbin/deliver", "-q"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          timeout=120, check=False)
    return "" if done.returncode == 0 else f"refused: {done.returncode} {done.stderr.decode()!r}"


def try_images(folder, numbers, seed):
    with open(f"{folder}/run", "rb") as f:
        trace = pickle.load(f)
    judge, owner = Judge(trace), owners()
    owner.submitted = judge.story.token_of
    total = {"images": 0, "bad": 0, "lost": 0, "torn": 0, "doubled": 0, "refused": 0, "other": 0,
             "twice": 0, "again": 0, "aside": 0}
    for number in numbers:
        image = make(trace, number, seed)
        image.put(owner)
        said = mend()
        wrong, twice, left = judge.judge(image.cut)
        if not said and wrong and all(w.startswith("left: ") for w in wrong):
            total["again"] += 1  # put off by the first pass
            said = mend()
            wrong, twice, left = judge.judge(image.cut)
        if said:
            wrong.append(said)
        total["images"] += 1
        total["bad"] += bool(wrong)
        total["twice"] += twice
        total["aside"] += len(left)
        for w in wrong:
            kind = w.split(":")[0]
            total[kind if kind in total else "other"] += 1
        for w in wrong[:4]:
            print(f"image {number} (cut after {image.cut}, {image.model}, {image.style}): {w}", flush=True)
    return total


def apart(folder, numbers, seed, out):
    """In mounts of its own, so that several go on at once."""
    for root in ROOTS + ["/run/bellman"]:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "images", root], check=True)
    with open(out, "wb") as f:
        pickle.dump(try_images(folder, numbers, seed), f)


def images(folder, n, seed, workers):
    running = []
    for w in range(workers):
        numbers = ",".join(str(i) for i in range(w, n, workers))
        running.append(subprocess.Popen(["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", sys.executable,
                                         os.path.abspath(__file__), "apart", folder, numbers, str(seed), f"{folder}/out.{w}"]))
    total = {}
    failed = any([r.wait() for r in running])
    for w in range(workers):
        if os.path.exists(f"{folder}/out.{w}"):
            with open(f"{folder}/out.{w}", "rb") as f:
                for k, v in pickle.load(f).items():
                    total[k] = total.get(k, 0) + v
    print(f"# seed {seed}:", ", ".join(f"{k} {v}" for k, v in total.items()))
    return failed or total.get("images") != n or total["bad"] > 0


def main(args):
    if not os.environ.get("PRIVATE_ROOT"):
        sys.exit("powercut: in a root of tests/root.sh only")
    if args[:1] == ["work"]:
        work()
    elif args[:1] == ["record"]:
        record(args[1])
    elif args[:1] == ["images"]:
        seed = args[3] if len(args) > 3 else str(random.SystemRandom().randrange(10 ** 6))
        return images(args[1], int(args[2]), seed, int(args[4]) if len(args) > 4 else os.cpu_count())
    elif args[:1] == ["apart"]:
        apart(args[1], [int(n) for n in args[2].split(",") if n], args[3], args[4])
    elif args[:1] == ["image"]:
        return try_images(args[1], [int(args[2])], args[3])["bad"]
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
