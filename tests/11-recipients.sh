#!/bin/bash
# Who a message is for, and what of it is kept: the words on the command line,
# -t, Bcc, -f, -F, and the dot.
. "$(dirname "$0")/lib.sh"

# Submits stdin as alice while no agent runs; what was queued goes to /tmp/q.
queued() {
	rm -f $SPOOL/drop/*
	submit alice "$@" 2>/tmp/err
	RC=$?
	cat $SPOOL/drop/* >/tmp/q 2>/dev/null
}
to() { grep -a '^to ' /tmp/q | cut -d' ' -f2 | sort | tr '\n' ' '; }
has() { grep -q -a -x -E -e "$1" /tmp/q; }
hasnt() { ! has "$1"; }

printf 'Subject: plain\n\nhello\n' | queued bob carol@remote.example
same "words are recipients" "<bob@mail.example> <carol@remote.example> " "$(to)"
same "exit 0" 0 $RC
check "a caller hears in one line that no agent runs" test "$(wc -l </tmp/err)" = 1
check "the sender is the caller" has 'from <alice@mail.example>'
check "From is added with the full name" has 'From: Alice Liddell <alice@mail.example>'
check "Date is added" has 'Date: [A-Z][a-z][a-z], +[0-9]+ [A-Z][a-z][a-z] 20[0-9][0-9] [0-9:]{8} [-+][0-9]{4}'
check "Message-ID is added" has 'Message-I[Dd]: <[^ ]+@mail\.example>'
check "Received says who" grep -q -a -E '1001' /tmp/q
check "the body is there" has hello
same "the file is alice's, group bellman, complete" "alice bellman 660" \
    "$(stat -c '%U %G %a' $SPOOL/drop/*)"

queued -t <<'X'
To: bob, "Doe, John" <john@remote.example>
Cc: group: ann@remote.example, alice;
Bcc: secret@remote.example
Subject: test

Bcc: this line is text
X
same "-t takes To, Cc and Bcc" \
    "<alice@mail.example> <ann@remote.example> <bob@mail.example> <john@remote.example> <secret@remote.example> " "$(to)"
refute "Bcc is not in the header" sh -c "sed -n '/^Received/,/^$/p' /tmp/q | grep -qi '^bcc'"
check "the same word in the body stays" has 'Bcc: this line is text'
check "To stays as it was, but for the domain" has 'To: bob@mail.example, "Doe, John" <john@remote.example>'

printf 'To: bob\nBcc: x@remote.example,\n  y@remote.example\nSubject: s\n\n.\n' | queued -t -i
same "a folded Bcc counts whole" \
    "<bob@mail.example> <x@remote.example> <y@remote.example> " "$(to)"
refute "and no part of it stays" sh -c "sed -n '/^Received/,/^$/p' /tmp/q | grep -q 'remote.example'"

printf 'To: bob\nSubject: s\n\nhi\n' | queued -t carol@remote.example
check "-t with a word: the word is there" grep -q -a 'to <carol@remote.example>' /tmp/q

printf 'Subject: s\n\none\n.\ntwo\n' | queued bob
check "a lone dot ends the message" has one
check "what follows it is not queued" hasnt two
printf 'Subject: s\n\none\n.\ntwo\n' | queued -i bob
check "-i: a lone dot is text" has '\.'
check "-i: and what follows as well" has two
printf 'Subject: s\n\none\n.\ntwo\n' | queued -oi bob
check "-oi is -i" has two
printf 'Subject: s\r\n\r\none\r\n' | queued -i bob
check "CRLF comes in as LF" has one

printf 'Subject: s\n\nhi\n' | queued -f bounces@remote.example -F 'Backup Robot' bob
check "-f is the sender" has 'from <bounces@remote.example>'
check "-F is the name in From" has 'From: Backup Robot <bounces@remote.example>'
printf 'From: me@own.example\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <mine@own.example>\nSubject: s\n\nhi\n' |
	queued -f '<>' bob
check "-f <> is the null path" has 'from <>'
check "a From that is there stays" has 'From: me@own.example'
check "a Date that is there stays" has 'Date: Mon, 1 Jan 2024 00:00:00 \+0000'
check "a Message-ID that is there stays" has 'Message-ID: <mine@own.example>'
same "and no second one of each" 3 "$(grep -a -c -i -E '^(from|date|message-id): ' /tmp/q)"

printf 'just text\nno header\n' | queued bob
check "text without a header becomes the body" sh -c "grep -a -A1 -x '' /tmp/q | grep -q 'just text' || sed '1,/^$/d' /tmp/q | grep -q 'just text'"
check "all of it" has 'no header'

printf 'Subject: s\n\nno newline at the end' | queued -i bob
check "a last line without its end is kept" has 'no newline at the end'
head -c 200000 /dev/zero | tr '\0' x | queued -i bob
same "a line of 200000 octets is taken" 0 $RC
check "and is whole" test "$(tr -d -c x </tmp/q | wc -c)" -ge 200000

printf 'Subject: s\n\nhi\n' | queued -FCronDaemon -i -B8BITMIME -oem root
same "cron's words are taken" "<root@mail.example> " "$(to)"
check "-B8BITMIME is kept" has 'body 8BITMIME'
printf 'hi\n' | queued -oi -oem -odb -odi -om -v -G -U -n -L tag -h 5 -p foo bob
same "words of others without meaning here do not hurt" 0 $RC
printf 'hi\n' | queued -O Terminal=saml bob
check "-O Terminal=saml is the kind" has 'kind SAML'
printf 'hi\n' | queued 'bob
to <evil@remote.example>'
refute "a line end in a word never reaches the envelope" grep -q -a '^to <evil' /tmp/q

rm -f $SPOOL/drop/*
start_agent
printf 'Subject: for bob\n\nhello bob\n' | submit alice bob >/tmp/err 2>&1
same "with an agent it is silent" "" "$(cat /tmp/err)"
check "it arrives" await mbox /var/mail/bob 1
check "with its text" grep -q -x 'hello bob' /var/mail/bob
same "the mailbox is bob's" "bob mail 660" "$(stat -c '%U %G %a' /var/mail/bob)"
check "nothing stays in the spool" drained
stop_agent

echo 'relay none' | config
check "relay none is a setting" deliver --check-settings
said "and says what it does" 'mail is returned: this machine sends none'
start_agent
exits "-bv says it" 67 sendmail -bv eve@far.example
printf 'Subject: for eve\n\nhello eve\n' | submit alice eve@far.example
check "what would leave comes back" await text /var/mail/alice 'relay none in bellman.conf'
printf 'Subject: more\n\nhello again\n' | submit alice bob
check "users here get theirs" await mbox /var/mail/bob 2
finish
