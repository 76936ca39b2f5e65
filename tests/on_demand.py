"""on_demand.py SECONDS COMMAND...   what systemd does for the agent: listens on its
sockets, starts COMMAND when a file is in drop/ or queue/ or when somebody connects,
and again when it has ended and there is more.  Writes a line to standard output
for each start, each word of sd_notify and each end.  Ends after SECONDS."""
import fcntl
import os
import select
import socket
import sys
import time

RUN = "/run/bellman"
SPOOL = "/var/spool/bellman"


def listen(name, kind):
    s = socket.socket(socket.AF_UNIX, kind)
    path = f"{RUN}/{name}"
    if os.path.lexists(path):
        os.unlink(path)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen(64)
    return s


def waits():
    """As systemd: a name that begins with a dot does not count."""
    return any(not name.startswith(".")
               for d in ("drop", "queue") for name in os.listdir(f"{SPOOL}/{d}"))


def say(*words):
    print(*words, flush=True)


def start(command, sockets):
    pid = os.fork()
    if pid:
        say("start", pid)
        return pid
    # Out of the way of 3 and 4.
    fds = [fcntl.fcntl(s, fcntl.F_DUPFD, 20) for s in sockets]
    for i, fd in enumerate(fds):
        os.dup2(fd, 3 + i, inheritable=True)
    os.closerange(3 + len(fds), 64)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                      NOTIFY_SOCKET=f"{RUN}/notify")
    os.execv(command[0], command)


def main():
    end = time.monotonic() + float(sys.argv[1])
    os.makedirs(RUN, exist_ok=True)
    sockets = [listen("submit", socket.SOCK_SEQPACKET),
               listen("control", socket.SOCK_STREAM)]
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{RUN}/notify")
    os.symlink("control", f"{RUN}/activated")
    pid = 0
    while time.monotonic() < end:
        ready = [notify] if pid else [notify, *sockets]
        ready = select.select(ready, [], [], 0.05)[0]
        if notify in ready:
            say("notify", notify.recv(4096).decode())
            continue
        if pid:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                say("end", pid, os.waitstatus_to_exitcode(status))
                pid = 0
        elif ready or waits():
            pid = start(sys.argv[2:], sockets)
    if pid:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


main()
