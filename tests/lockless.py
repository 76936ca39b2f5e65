"""lockless.py FOLDER KNOBS - mounts a file system in memory on FOLDER (FUSE),
as of a file server: fcntl has locks only while there is a file KNOBS/locks
(else ENOLCK, as of NFS without its lock daemon), and while there is a file
KNOBS/quota a sync says EDQUOT, as NFS does for what it has taken in before;
with a file KNOBS/full no file grows past 100000 octets, and none is cut, as on
btrfs when a quota is used up.
One folder, plain files.  A word to stdout when it is mounted; it ends when it
is unmounted.  The layout is that of linux/fuse.h, version 7.31."""
import ctypes
import errno
import os
import stat
import struct
import sys

FOLDER, KNOBS = sys.argv[1:]
ROOT = 1


class Node:
    def __init__(self, mode, uid, gid):
        self.mode, self.uid, self.gid = mode, uid, gid
        self.links, self.data = 1, bytearray()


nodes = {ROOT: Node(stat.S_IFDIR | 0o2775, 0, int(os.stat(FOLDER).st_gid))}
names = {}
last = ROOT


class Fault(Exception):
    pass


def attr(n):
    x = nodes[n]
    return struct.pack("=6Q10I", n, len(x.data), (len(x.data) + 511) // 512, 0, 0, 0, 0, 0, 0,
                       x.mode, x.links, x.uid, x.gid, 0, 4096, 0)


def entry(n):
    return struct.pack("=4Q2I", n, 0, 0, 0, 0, 0) + attr(n)


def known(name):
    if name not in names:
        raise Fault(errno.ENOENT)
    return names[name]


def word(data):
    return data.split(b"\0")[0]


def make(name, mode, uid):
    global last
    if name in names:
        raise Fault(errno.EEXIST)
    last += 1
    nodes[last] = Node(stat.S_IFREG | mode & 0o7777, uid, nodes[ROOT].gid)
    names[name] = last
    return last


def unlink(name):
    nodes[known(name)].links -= 1
    del names[name]


def init(n, data, who):
    ahead = struct.unpack_from("=4I", data)[2]
    return struct.pack("=4I2H2I2HI28x", 7, 31, ahead, 1 << 1 | 1 << 5, 0, 0, 65536, 1, 0, 0, 0)


def setattr_(n, data, who):
    valid, size, mode, uid, gid = struct.unpack_from("=I12xQ44xI4xII", data)
    x = nodes[n]
    if valid & 8 and size < len(x.data) and os.path.exists(KNOBS + "/full"):
        raise Fault(errno.EDQUOT)
    if valid & 1:
        x.mode = stat.S_IFMT(x.mode) | mode & 0o7777
    if valid & 2:
        x.uid = uid
    if valid & 4:
        x.gid = gid
    if valid & 8:
        del x.data[size:]
        x.data.extend(bytes(size - len(x.data)))
    return struct.pack("=QII", 0, 0, 0) + attr(n)


def write(n, data, who):
    at, size = struct.unpack_from("=8xQI", data)
    x = nodes[n].data
    if os.path.exists(KNOBS + "/full") and at + size > 100000:
        size = 100000 - at
        if size <= 0:
            raise Fault(errno.EDQUOT)
    if at > len(x):
        x.extend(bytes(at - len(x)))
    x[at:at + size] = data[40:40 + size]
    return struct.pack("=II", size, 0)


def read(n, data, who):
    at, size = struct.unpack_from("=8xQI", data)
    return bytes(nodes[n].data[at:at + size])


def rename(name, to):
    n = known(name)
    if to in names:
        unlink(to)
    names[to] = n
    del names[name]
    return b""


def link(n, data, who):
    old, = struct.unpack_from("=Q", data)
    name = word(data[8:])
    if name in names:
        raise Fault(errno.EEXIST)
    names[name] = old
    nodes[old].links += 1
    return entry(old)


def create(n, data, who):
    mode, = struct.unpack_from("=4xI", data)
    return entry(make(word(data[16:]), mode, who)) + struct.pack("=QII", 0, 1, 0)


def readdir(n, data, who):
    at, size = struct.unpack_from("=8xQI", data)
    out = b""
    for i, (name, ino) in enumerate(list(names.items())):
        one = struct.pack("=QQII", ino, i + 1, len(name), 8) + name
        one += bytes(-len(one) % 8)
        if i >= at and len(out) + len(one) <= size:
            out += one
    return out


def sync(n, data, who):
    if os.path.exists(KNOBS + "/quota"):
        raise Fault(errno.EDQUOT)
    return b""


def lock(n, data, who):
    if not os.path.exists(KNOBS + "/locks"):
        raise Fault(errno.ENOLCK)
    return b""


def opened(n, data, who):
    return struct.pack("=QII", 0, 1, 0)  # past the page cache


def nothing(n, data, who):
    return b""


calls = {
    1: lambda n, d, who: entry(known(word(d))),
    3: lambda n, d, who: struct.pack("=QII", 0, 0, 0) + attr(n),
    4: setattr_,
    8: lambda n, d, who: entry(make(word(d[16:]), struct.unpack_from("=I", d)[0], who)),
    10: lambda n, d, who: unlink(word(d)) or b"",
    12: lambda n, d, who: rename(*d[8:].split(b"\0")[:2]),
    13: link,
    14: opened,
    15: read,
    16: write,
    17: lambda n, d, who: struct.pack("=5Q4I24x", 9999, 9999, 9999, 9999, 9999, 4096, 255, 4096, 0),
    18: nothing,
    20: sync,
    25: nothing,
    26: init,
    27: lambda n, d, who: struct.pack("=QII", 0, 0, 0),
    28: readdir,
    29: nothing,
    30: nothing,
    32: lock,
    33: lock,
    35: create,
    45: lambda n, d, who: rename(*d[16:].split(b"\0")[:2]),
}
silent = (2, 36, 42)  # forget, interrupt: not answered

fuse = os.open("/dev/fuse", os.O_RDWR)
how = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions" % fuse
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"lockless", FOLDER.encode(), b"fuse", 0, how.encode()) != 0:
    sys.exit("lockless.py: " + os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
while True:
    try:
        request = os.read(fuse, 200000)
    except OSError as e:
        if e.errno == errno.EINTR:
            continue
        break  # unmounted
    op, unique, node, uid = struct.unpack_from("=4xIQQI", request)
    if op in silent:
        continue
    err, out = 0, b""
    try:
        if op in calls:
            out = calls[op](node, request[40:], uid)
        else:
            err = errno.ENOSYS
    except Fault as f:
        err = f.args[0]
    try:
        os.write(fuse, struct.pack("=IiQ", 16 + len(out), -err, unique) + out)
    except OSError:
        pass  # whoever asked is gone
