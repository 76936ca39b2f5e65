"""What a disk may hold after a power cut: README has the rules."""

import os
import shutil
import stat

SECTOR = 512
NAMES = ("create", "mkdir", "link", "rename", "unlink")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table():
    out = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        out.append(n)
    return out


TABLE = _table()


class File:
    """One of an image, under one or more names."""

    def __init__(self, node, data, mode):
        self.node, self.data, self.mode = node, data, mode


class Image:
    """model: "journal" (the names and modes of all files survive up to one
    moment: ext4, xfs) or "apart" (of each file by itself: btrfs).  style: how
    much of what was not synced is there: none, all, some, or "zeros" (the
    lengths and no data)."""

    def __init__(self, trace, cut, model, style, rng):
        self.trace, self.cut, self.model, self.style, self.rng = trace, cut, model, style, rng
        self.ops = trace.ops[:cut]
        self.by_node = {}
        for i, op in enumerate(self.ops):
            if op.node and op.kind != "sync":
                self.by_node.setdefault(op.node, []).append((i, op))
        self.synced()
        self.tree = self.names()  # path -> Node
        self.files = {}
        for node in set(self.tree.values()):
            if not node.folder:
                self.files[node] = self.content(node)

    # --- what is durable ---

    def synced(self):
        """For each node, the operations on it that a sync has covered."""
        self.until = {}  # node -> index: all before it
        self.floor = 0  # journal: names and modes before it
        self.in_folder = {}  # path of a folder -> index
        self.all = 0
        for op in self.ops:
            if op.kind != "sync":
                continue
            if op.node is None:
                self.all = max(self.all, op.since)
                self.floor = max(self.floor, op.since)
                continue
            self.until[op.node] = max(self.until.get(op.node, 0), op.since)
            if op.node.folder:
                self.in_folder[op.node.path] = op.since
            for i, own in reversed(self.by_node.get(op.node, [])):
                if i < op.since:  # the journal is written up to its last change
                    self.floor = max(self.floor, i + 1)
                    break
            if op.node.folder:
                for i, other in enumerate(self.ops[:op.since]):
                    if other.kind in NAMES and self.inside(other, op.node.path):
                        self.floor = max(self.floor, i + 1)

    @staticmethod
    def inside(op, folder):
        return os.path.dirname(op.path) == folder or (op.to and os.path.dirname(op.to) == folder)

    def covered(self, node):
        return max(self.until.get(node, 0), self.all)

    def upto(self, least):
        """A moment from least to the cut."""
        if self.style == "none":
            return least
        if self.style in ("all", "zeros"):
            return self.cut
        return self.rng.choice((least, self.cut, self.rng.randint(least, self.cut)))

    # --- names ---

    def names(self):
        self.moment = {}  # node -> names and modes of it survive before that
        if self.model == "journal":
            self.common = self.upto(self.floor)
        else:
            for node, own in self.by_node.items():
                least = self.covered(node)
                for i, op in own:
                    if op.kind in NAMES and any(
                            self.inside(op, f) and i < since for f, since in self.in_folder.items()):
                        least = max(least, i + 1)
                self.moment[node] = self.upto(least)
            self.settle_names()
        tree = dict(self.trace.first)
        for i, op in enumerate(self.ops):
            if op.kind in NAMES and i < self.when(op.node):
                self.apply(tree, op)
        return {p: n for p, n in tree.items() if self.has_folder(tree, p)}

    def when(self, node):
        return self.common if self.model == "journal" else self.moment.get(node, 0)

    def settle_names(self):
        """A name that one file has got, no other has kept; and what is in a
        folder that is new stands there with it."""
        changed = True
        while changed:
            changed = False
            for i, op in enumerate(self.ops):
                if op.kind not in ("create", "mkdir", "link", "rename") or i >= self.moment[op.node]:
                    continue
                name = op.to or op.path
                for k, other in enumerate(self.ops[:i]):
                    left = (other.kind in ("unlink", "rename") and other.path == name and other.node is not op.node)
                    made = other.kind == "mkdir" and name.startswith(other.path + "/")
                    if (left or made) and k >= self.moment[other.node]:
                        self.moment[other.node] = k + 1
                        changed = True

    @staticmethod
    def apply(tree, op):
        if op.kind in ("create", "mkdir"):
            tree[op.path] = op.node
        elif op.kind == "link":
            tree[op.to] = op.node
        elif op.kind == "unlink":
            if tree.get(op.path) is op.node:
                del tree[op.path]
        elif op.kind == "rename":
            if tree.get(op.path) is op.node:
                del tree[op.path]
            tree[op.to] = op.node

    def has_folder(self, tree, path):
        above = os.path.dirname(path)
        return path in self.trace.roots or (above in tree and tree[above].folder)

    # --- what is in a file ---

    def content(self, node):
        base, mode = node.start
        data = bytearray(b"" if node.new else base)
        sure = self.covered(node)
        lengths, pending = [], {}
        own = self.by_node.get(node, [])
        for i, op in own:
            if op.kind == "mode" and i < max(sure, self.when(node)):
                mode = op.value
            if op.kind == "write" and i < sure:
                data[len(data):] = bytes(max(0, op.at - len(data)))
                data[op.at:op.at + len(op.data)] = op.data
            elif op.kind == "size" and i < sure:
                data = data[:op.value].ljust(op.value, b"\0")
        if node.path.endswith((".tdb", ".tdb.new")):
            return File(node, self.tdb(node, sure), mode)
        now = len(data)
        lengths.append(now)
        cuts = []
        for i, op in own:
            if i < sure or op.kind not in ("write", "size"):
                continue
            if op.kind == "size":
                now = op.value
                cuts.append((len(lengths), now))
            else:
                now = max(now, op.at + len(op.data))
                for s in range(op.at // SECTOR, (op.at + len(op.data) - 1) // SECTOR + 1):
                    pending.setdefault(s, []).append(op)
            if self.model == "journal" and i >= self.common:
                break
            lengths.append(now)
        which = self.pick(len(lengths) - 1)
        length = lengths[which]
        for at, size in cuts:
            if at <= which:
                data = data[:size]
        data = data[:length].ljust(length, b"\0")
        for s, writes in pending.items():
            self.sector(data, s, writes[:self.pick(len(writes), data=True)])
        return File(node, bytes(data), mode)

    def pick(self, most, data=False):
        if self.style == "none" or (data and self.style == "zeros"):
            return 0
        if self.style in ("all", "zeros"):
            return most
        return self.rng.choice((0, most, self.rng.randint(0, most)))

    @staticmethod
    def sector(data, s, writes):
        for op in writes:
            begin = max(op.at, s * SECTOR)
            end = min(op.at + len(op.data), (s + 1) * SECTOR, len(data))
            if begin < end:
                data[begin:end] = op.data[begin - op.at:end - op.at]

    def tdb(self, node, sure):
        """Written through memory, which no trace tells: sectors of any of the
        copies that were made on the way; or, once synced, the last one."""
        copies = self.trace.copies.get(os.path.basename(node.path).replace(".new", ""), [])
        if not copies:
            return b""
        if ".tdb.new" in node.path or "aliases" in node.path:
            if sure and any(op.kind == "sync" and op.node is node for op in self.ops):
                return copies[-1]
        elif self.style == "all":
            return copies[-1]
        elif self.style == "none":
            return copies[0]
        length = len(self.rng.choice(copies))
        if self.rng.random() < 0.2:
            length = self.rng.randint(0, length)
        out = bytearray(length)
        for at in range(0, length, SECTOR):
            copy = self.rng.choice(copies + [b""])
            part = copy[at:min(at + SECTOR, length)]
            out[at:at + len(part)] = part
        return bytes(out)

    # --- into place ---

    def put(self, owner):
        """Files and folders under the roots, and nothing else.  An intent knows
        its mailbox by the inode: it gets the one that the file has here."""
        for root in self.trace.roots:
            for name in os.listdir(root):
                path = os.path.join(root, name)
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        made = {}
        for path in sorted(self.tree):
            node = self.tree[path]
            uid, gid = owner(path, node)
            if node.folder:
                if path not in self.trace.roots:
                    os.mkdir(path)
                os.chown(path, uid, gid)
                os.chmod(path, node.mode)
            elif node in made:
                os.link(made[node], path)
            else:
                made[node] = path
                f = self.files[node]
                with open(path, "wb") as out:
                    out.write(f.data)
                os.chown(path, uid, gid)
                os.chmod(path, f.mode)
                if path.endswith((".lock", ".bellman")):  # the boot took longer
                    os.utime(path, (0, 0))
        for node, path in made.items():
            if "/.intents/" in path:
                text = self.same_box(self.files[node].data)
                with open(path, "r+b") as out:
                    out.truncate()
                    out.write(text)

    @staticmethod
    def same_box(text):
        head, mark, tail = text.partition(b"\nsum ")
        lines = head.split(b"\n")
        if not mark or tail[:8] != b"%08x" % crc32c(head + b"\n"):
            return text
        word = {line.split(b" ")[0]: line for line in lines}
        if b"what" in word:
            path = word[b"what"][5:].decode()
        else:
            path = word[b"box"][4:].decode().replace("%u", word[b"user"][5:].decode())
        try:
            st = os.stat(path)
        except OSError:
            return text
        if not stat.S_ISREG(st.st_mode):
            return text
        n = next(i for i, line in enumerate(lines) if line.startswith(b"ino "))
        lines[n] = b"ino %d size " % st.st_ino + lines[n].split(b" ")[3]
        head = b"\n".join(lines)
        return head + b"\nsum %08x" % crc32c(head + b"\n") + tail[8:]
