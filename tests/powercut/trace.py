"""What a run did to its files, by the trace that strace(1) has written of it:

    strace -f -y -xx -s 4194304 -o TRACE -e trace=... COMMAND

Each call becomes an operation, in the order in which the calls returned."""

import os
import re

CALLS = ("openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,"
         "fsync,fdatasync,syncfs,sync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,"
         "mkdir,mkdirat,rmdir,symlink,symlinkat,chmod,fchmod,fchmodat,lseek,"
         "copy_file_range,sendfile,splice")

LINE = re.compile(r"^(\d+) +(?:<\.\.\. \w+ resumed>)?(.*)$")
DONE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?)(.*)$", re.S)
FD = re.compile(r"^(-?\w+)(?:<(.*)>)?(?:\(deleted\))?$", re.S)
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
HEX = re.compile(r"\\x([0-9a-f]{2})")


class Op:
    """kind is create, mkdir, link, rename, unlink (names); write, size, mode
    (of a file); sync (node, or None for all); ack.  since: for a sync, how
    many operations had returned when it was called."""

    def __init__(self, kind, node=None, path=None, **more):
        self.kind, self.node, self.path = kind, node, path
        self.to = self.data = self.at = self.value = self.since = self.gone = None
        self.__dict__.update(more)


class Node:
    """A file or folder, under whatever names it had."""

    def __init__(self, path, folder, mode, data=b"", uid=0, gid=0):
        self.path, self.folder, self.mode = path, folder, mode
        self.data, self.uid, self.gid = bytearray(data), uid, gid
        self.new = False
        self.start = (bytes(data), mode)


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


PIECE = re.compile(r'"[^"]*"|<[^<>]*>|[\[{(\]}),]|[^"<\[{(\]}),]+|.')


def words(text):
    """The arguments."""
    out, depth, word = [], 0, []
    for piece in PIECE.findall(text):
        if piece in "[{(":
            depth += 1
        elif piece in "]})":
            depth -= 1
        if piece == "," and depth == 0:
            out.append("".join(word).strip())
            word = []
        else:
            word.append(piece)
    out.append("".join(word).strip())
    return out


class Trace:
    def __init__(self, roots, acks):
        self.roots, self.acks = roots, acks
        self.names = {}  # path -> Node
        self.first = {}  # as it was before
        self.ops = []
        self.place = {}  # (pid, fd) -> offset, for what is written in a row
        self.dead = {}

    def watch(self):
        """What is there at the beginning."""
        for root in self.roots:
            for where, folders, files in os.walk(root):
                for name in [where] + [os.path.join(where, f) for f in files]:
                    st = os.lstat(name)
                    folder = os.path.isdir(name)
                    data = b"" if folder else open(name, "rb").read()
                    self.names[name] = Node(name, folder, st.st_mode & 0o7777,
                                            data, st.st_uid, st.st_gid)
        self.first = dict(self.names)

    def known(self, path):
        return any(path == r or path.startswith(r + "/") for r in self.roots)

    # --- one call ---

    def fd(self, word):
        m = FD.match(word)
        path = unhex("".join("\\x" + h for h in HEX.findall(m[2]))).decode("latin-1") if m and m[2] else ""
        path = path.replace(" (deleted)", "")
        return m[1] if m else "", path

    def string(self, word):
        found = TEXT.findall(word)
        if any(dots for _, dots in found):
            raise SystemExit("powercut: the trace cuts strings short")
        return b"".join(unhex(t) for t, _ in found)

    def name(self, args, at):
        """The path of args[at], relative to the folder before it."""
        path = self.string(args[at]).decode("latin-1")
        if not path.startswith("/"):
            path = (self.fd(args[at - 1])[1] if at else "") + "/" + path
        return os.path.normpath(path)

    def node(self, path):
        return self.names.get(path) or self.dead.get(path)

    def add(self, kind, node=None, path=None, **more):
        self.ops.append(Op(kind, node, path, **more))

    def make(self, path, folder, mode):
        node = Node(path, folder, mode)
        node.new = True
        self.names[path] = node
        self.add("mkdir" if folder else "create", node, path)

    def write(self, path, at, data):
        node = self.node(path)
        if path == self.acks:
            for token in data.decode().split():
                self.add("ack", value=token)
        if node is None or not data:
            return
        if len(node.data) < at:
            node.data.extend(bytes(at - len(node.data)))
        node.data[at:at + len(data)] = data
        self.add("write", node, path, at=at, data=data)

    def drop(self, path):
        node = self.names.pop(path, None)
        if node:
            self.dead[path] = node
        return node

    def call(self, pid, name, text, result, rest, since):
        args = words(text)
        plain = name.replace("at2", "at").replace("at", "", 1) if name.endswith(("at", "at2")) else name
        dir_first = name.endswith(("at", "at2"))
        if plain in ("open", "creat"):
            path = self.fd(result + rest.split()[0] if rest.startswith("<") else "")[1] or self.name(args, int(dir_first))
            path = os.path.normpath(path)
            self.place[pid, result] = 0
            flags = args[1 + dir_first] if plain == "open" else "O_CREAT|O_TRUNC"
            if path == self.acks or not self.known(path):
                return
            if "O_CREAT" in flags and path not in self.names:
                mode = args[2 + dir_first] if len(args) > 2 + dir_first else "0600"
                self.make(path, False, int(mode, 8))
            elif "O_TRUNC" in flags and self.node(path) and self.node(path).data:
                self.node(path).data = bytearray()
                self.add("size", self.node(path), path, value=0)
            if "O_APPEND" in flags and self.node(path):
                self.place[pid, result] = len(self.node(path).data)
        elif name in ("write", "writev"):
            number, path = self.fd(args[0])
            if path != self.acks and not self.known(path):
                return
            at = self.place.get((pid, number), 0)
            data = self.string(args[1])[:int(result)]
            self.place[pid, number] = at + len(data)
            self.write(path, at, data)
        elif name in ("pwrite64", "pwritev", "pwritev2"):
            path = self.fd(args[0])[1]
            if self.known(path):
                at = int(args[3] if name == "pwrite64" or len(args) > 3 else args[-1])
                self.write(path, at, self.string(args[1])[:int(result)])
        elif name == "lseek":
            self.place[pid, self.fd(args[0])[0]] = int(result)
        elif name in ("ftruncate", "truncate"):
            path = self.fd(args[0])[1] if name == "ftruncate" else self.name(args, 0)
            node, size = self.node(path), int(args[1])
            if node:
                node.data = node.data[:size].ljust(size, b"\0")
                self.add("size", node, path, value=size)
        elif name in ("fsync", "fdatasync"):
            node = self.node(self.fd(args[0])[1])
            if node:
                self.add("sync", node, since=since)
        elif name in ("syncfs", "sync"):
            self.add("sync", since=since)
        elif plain in ("chmod", "fchmod"):
            if name == "fchmod":
                path, mode = self.fd(args[0])[1], args[1]
            else:
                path, mode = self.name(args, int(dir_first)), args[1 + dir_first]
            node = self.node(path)
            if node:
                node.mode = int(mode, 8)
                self.add("mode", node, path, value=node.mode)
        elif plain in ("rename", "link"):
            old = self.name(args, 1 if dir_first else 0)
            new = self.name(args, 3 if dir_first else 1)
            if not self.known(new):
                return
            node = self.names.get(old)
            if node is None:
                raise SystemExit(f"powercut: {name} of {old}, which nobody made")
            gone = self.names.get(new)
            if plain == "rename":
                self.names.pop(old)
                self.dead[old] = node
            self.names[new] = node
            self.add(plain, node, old, to=new, gone=gone)
        elif plain in ("unlink", "rmdir"):
            path = self.name(args, int(dir_first))
            node = self.drop(path)
            if node:
                self.add("unlink", node, path)
        elif plain == "mkdir":
            path = self.name(args, int(dir_first))
            if self.known(path):
                self.make(path, True, int(args[1 + dir_first], 8))
        elif plain == "symlink" or name in ("copy_file_range", "sendfile", "splice"):
            if plain == "symlink" or self.known(self.fd(args[0 if name == "sendfile" else 2])[1]):
                raise SystemExit(f"powercut: a {name} is not expected here")

    def read(self, path):
        marks = ["sync()"] + ["".join(f"\\x{b:02x}" for b in r.encode()) for r in self.roots + [self.acks]]
        open_calls = {}  # pid -> its first half, and the operations so far
        with open(path, encoding="latin-1") as f:
            for line in f:
                m = LINE.match(line.rstrip("\n"))
                if m is None:
                    continue
                pid, text = m[1], m[2]
                if text.endswith("<unfinished ...>"):
                    open_calls[pid] = (text[:-len("<unfinished ...>")], len(self.ops))
                    continue
                since = len(self.ops)
                if "resumed>" in line[:60] and pid in open_calls:
                    half, since = open_calls.pop(pid)
                    text = half + text
                if not any(mark in text for mark in marks):
                    continue
                call = DONE.match(text)
                if call is None or call[3] in ("?",) or call[3].startswith("-"):
                    continue
                self.call(pid, call[1], call[2], call[3], call[4], since)

    def differs(self):
        """Where the trace's end is not what stands there: it must not be."""
        bad = []
        for path, node in self.names.items():
            if not os.path.lexists(path):
                bad.append(path + ": is not there")
            elif not node.folder and ".tdb" not in path and open(path, "rb").read() != bytes(node.data):
                bad.append(path + ": another text")
        for root in self.roots:
            for where, _, files in os.walk(root):
                bad += [f"{where}/{f}: not in the trace" for f in files if f"{where}/{f}" not in self.names]
        return bad
