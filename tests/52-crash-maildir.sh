#!/bin/bash
# The same into a Maildir.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

echo 'local maildir ~/Maildir' | config
crash
cat /home/bob/Maildir/new/* /home/bob/Maildir/cur/* 2>/dev/null >/tmp/all
check "each acknowledged message is there once and whole" whole </tmp/all
cat "$OUT" | sed 's/^/# /'
same "one file a message" "$(wc -l <$ACK)" "$(ls /home/bob/Maildir/new | wc -l)"
finish
