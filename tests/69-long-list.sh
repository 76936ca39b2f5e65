#!/bin/bash
# A list of very many users: who is to be looked up does not hold the others up,
# and neither do their mailboxes.
. "$(dirname "$0")/lib.sh"

many=150
awk -v n=$many 'BEGIN { for (i = 1; i <= n; i++)
	printf "m%d:x:%d:%d::/nonexistent:/bin/sh\n", i, 20000 + i, 20000 + i }' >>/etc/passwd
echo 'zoe:x:20000:20000::/nonexistent:/bin/sh' >>/etc/passwd
seq -f m%g $many >/etc/members
echo 'all: :include:/etc/members' >>/etc/aliases
: | config
echo 'Subject: all' | submit alice -i all
echo 'Subject: one' | submit alice -i zoe
strace -f -o /tmp/trace -e trace=openat,epoll_wait deliver -q 2>/dev/null

same "each has it once" $many "$(cat /var/mail/m* | grep -c '^Subject: all')"
same "in a mailbox of his own" $many "$(ls /var/mail/m* | wc -l)"
same "and so has another who was written to after them" 1 "$(messages /var/mail/zoe)"
at=$(grep ': delivered to=' $LOG | grep -n 'to=<zoe' | cut -d: -f1)
check "who was not last (${at:-never} of $((many + 1)))" test "${at:-999}" -le 60
# Of all processes the queue has looked up most, and waits in between.
most=$(awk '/passwd/ { n[$1]++; if (n[$1] > most) most = n[$1] }
    /epoll_wait/ { n[$1] = 0 } END { print most + 0 }' /tmp/trace)
total=$(grep -c passwd /tmp/trace)
check "all were looked up ($total)" test "$total" -ge $many
check "not more than 120 before others have a turn ($most)" test "$most" -le 120
finish
