#!/bin/bash
# Many at the sockets at once: who is silent is dropped, who comes too often is told
# so, and where all places are taken the next one is served as soon as one is free.
. "$(dirname "$0")/lib.sh"

nnp() { as "$1" setpriv --no-new-privs /usr/sbin/sendmail "${@:2}"; }
letter() { printf 'Subject: x\n\nlast of %s\n' "$1"; }

# Says nothing, and when it is sent away: what it got, and whether that was after
# SECONDS, or much later.
cat >/tmp/silent.py <<'X'
import socket, sys, time
path, kind, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_UNIX, getattr(socket, kind))
s.connect(path)
began = time.monotonic()
print("there", flush=True)
got = s.recv(10)
waited = time.monotonic() - began
print("dropped", got, seconds if seconds - 0.1 <= waited < 2 * seconds else waited, flush=True)
X
# Users, each with submissions that wait for their text, until no place is left.
# When a line comes on stdin all texts end.
cat >/tmp/users.py <<'X'
import array, fcntl, os, select, socket, struct, sys, termios
MOST = 200
def come():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/run/bellman/submit")
    text_out, text = os.pipe()
    os.write(text, b"Subject: x\n\n")
    words = os.memfd_create("words")
    os.write(words, b"\0sendmail\0bob\0")
    null = os.open("/dev/null", os.O_RDWR)
    try:
        s.sendmsg([b"1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [words, text_out, null, null]))])
    except OSError: # it has been told already
        pass
    for fd in text_out, words, null:
        os.close(fd)
    while True: # the text is read, or there is an answer
        if select.select([s], [], [], 0.002)[0]:
            try:
                return None, s.recv(10)
            except ConnectionResetError: # comes first, where it was not read
                return None, s.recv(10)
        if struct.unpack("i", fcntl.ioctl(text, termios.FIONREAD, b"0000"))[0] == 0:
            return (s, text), b""
def user(n, room):
    os.setgroups([])
    os.setresgid(4000 + n, 4000 + n, 4000 + n)
    os.setresuid(4000 + n, 4000 + n, 4000 + n)
    held, no = [], b""
    while len(held) < room and not no:
        one, no = come()
        if one:
            held.append(one)
    return held, no
users, all, told = [], 0, []
while all < MOST:
    mine, its = socket.socketpair()
    if os.fork() == 0:
        mine.close()
        for other in users:
            other.close()
        n = len(users)
        held, no = user(n, MOST - all)
        its.send(b"%d %s" % (len(held), no))
        its.recv(1)
        for i, (s, text) in enumerate(held):
            os.write(text, b"last of c%d.%d\n" % (n, i))
            os.close(text)
        its.send(b" ".join(b"%d" % s.recv(10)[0] for s, _ in held))
        os._exit(0)
    its.close()
    n, no = mine.recv(100).split(b" ", 1)
    users.append(mine)
    all += int(n)
    told.append((int(n), no))
print("told", *sorted(set(no.decode() or "nothing" for _, no in told)), flush=True)
print("taken", all, "by", *(n for n, _ in told), flush=True)
sys.stdin.readline()
status = []
for one in users:
    one.send(b"x")
for one in users:
    status += one.recv(10000).split()
print("status", len(status), *sorted(set(s.decode() for s in status)), flush=True)
X
# The line of those whom nobody has heard yet is filled, until it takes no more.
cat >/tmp/line.py <<'X'
import socket, sys
held = []
while True:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    try:
        s.connect("/run/bellman/submit")
    except BlockingIOError:
        break
    held.append(s)
print("full", flush=True)
sys.stdin.readline()
X
# One who has 32, and comes again.
cat >/tmp/crowd.py <<'X'
import socket, subprocess
held = []
for _ in range(33):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/run/bellman/submit")
    held.append(s)
held[-1].recv(10)
for n in range(60):
    its = subprocess.run(["setpriv", "--no-new-privs", "/usr/sbin/sendmail", "alice"], input=b"x\n", capture_output=True)
    if its.returncode != 75 or its.stderr != b"sendmail: too many submit at once: nothing was queued; try again later\n":
        print(n, its)
X
chmod 644 /tmp/*.py
start_agent
check "the socket is there" await exists /run/bellman/submit
as alice /usr/bin/python3 /tmp/silent.py /run/bellman/submit SOCK_SEQPACKET 10 >/tmp/silent.submit &
as alice /usr/bin/python3 /tmp/silent.py /run/bellman/control SOCK_STREAM 30 >/tmp/silent.control &
check "one says nothing" await text /tmp/silent.submit there
check "nor does one at the other socket" await text /tmp/silent.control there
# Whichever comes first, his packet or the answer.
same "who has 32 and comes again is told so, sixty times" "" "$(as bob /usr/bin/python3 /tmp/crowd.py 2>&1)"
check "who says nothing is sent away" await -t 30 text /tmp/silent.submit dropped
same "after ten seconds" "dropped b'' 10" "$(tail -n 1 /tmp/silent.submit)"

mkfifo -m 666 /tmp/go /tmp/line.go
/usr/bin/python3 /tmp/users.py </tmp/go >/tmp/users 2>&1 &
users=$!
exec 6>/tmp/go
check "users come until all places are taken" await -t 60 text /tmp/users taken
cp /tmp/users "$OUT"
said "the later the fewer, and each of them one" '^taken 200 by 32 32 32 32 24 .* 1$'
said "who wants more is told" '^told Km nothing$'
letter group | exits "who has the group is served" 0 submit alice bob
check "and his mail comes" await text /var/mail/bob 'last of group'
letter next | nnp alice bob >/tmp/next 2>&1 &
next=$!
in_line() { # so many; nothing tells
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(ss -xl | awk '/bellman\/submit/ { print $3 }')" -ge "$1" ] && return
		sleep 0.05
	done
	return 1
}
check "the next one stands in line" in_line 1
as alice /usr/bin/python3 /tmp/line.py </tmp/line.go >/tmp/line &
line=$!
exec 7>/tmp/line.go
check "the line is full" await text /tmp/line full
# He waits for a minute, which does not pass here: strace says what the kernel would.
letter after | exits "who comes then: 75" 75 as alice setpriv --no-new-privs \
    strace -o /dev/null -e trace=connect -e inject=connect:error=EAGAIN /usr/sbin/sendmail bob
said "with a sentence" 'too many submit at once: nothing was queued; try again later'
check "the next one waits still" kill -0 $next
same "without a word" "" "$(cat /tmp/next)"

echo >&6
check "the texts end" await -t 60 text /tmp/users status
cp /tmp/users "$OUT"
said "each is queued" '^status 200 0$'
wait $users
wait $next
same "and the next one is served" "0 " "$? $(cat /tmp/next)"
echo >&7
wait $line
exec 6>&- 7>&-
letter free | exits "then anybody" 0 nnp alice bob
check "all is delivered" drained 60
for last in group next free; do echo $last; done >/tmp/sent
sed -n 's/^taken.*by //p' /tmp/users | tr ' ' '\n' | awk '{ for (i = 0; i < $1; i++) print "c" NR - 1 "." i }' >>/tmp/sent
same "each once, and no other" "$(sort /tmp/sent)" "$(sed -n 's/^last of //p' /var/mail/bob | sort)"
check "at the other socket who says nothing is sent away" await -t 70 text /tmp/silent.control dropped
same "after thirty seconds" "dropped b'' 30" "$(tail -n 1 /tmp/silent.control)"
finish
