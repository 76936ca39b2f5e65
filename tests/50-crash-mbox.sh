#!/bin/bash
# kill -9 of any process of the agent, again and again, under load: an mbox
# gets each message exactly once and whole.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash.sh"

crash
check "each acknowledged message is there once and whole" whole </var/mail/bob
cat "$OUT" | sed 's/^/# /'
same "one From line a message" "$(wc -l <$ACK)" "$(messages /var/mail/bob)"
finish
