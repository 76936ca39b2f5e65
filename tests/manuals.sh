#!/bin/bash
# manuals.sh - what the manuals say and what the code says are the same words,
# the examples work as printed, and mandoc has nothing against them.
. "$(dirname "$0")/lib.sh"
MAN=$TREE/man

# Lists of words, one a line, sorted; both ways at once.
agree() { # WHAT WORDS-OF-THE-CODE WORDS-OF-THE-MANUAL
	if [ -z "$2" ]; then
		echo "nothing was found in the code: has its form changed?" >"$OUT"
		fail "$1"
		return
	fi
	diff <(sort -u <<<"$2") <(sort -u <<<"$3") |
		sed -n 's/^</only in the code:/p; s/^>/only in the manual:/p' >"$OUT"
	if [ -s "$OUT" ]; then fail "$1"; else pass "$1"; fi
}

section() { # MANUAL TITLE: its lines
	awk -v want=".Sh $2" '/^\.Sh / { on = $0 == want } on' "$MAN/$1"
}
items() { # MACRO [COLUMN]: the first word behind ".It MACRO"
	awk -v m="$1" '$1 == ".It" && $2 == m { print $3 }'
}
table() { # FILE NAME: the rows of a C table
	sed -n "/ $2\[.*\] = {/,/^\(};\|	}.*;\)/p" "$TREE/$1"
}
quoted() { # the first word in quotes of each row
	sed -n 's/^[^"]*{ "\([^"]*\)".*/\1/p'
}
letters() { # the letter that begins each row
	sed -n "s/^[^']*{ '\(.\)'.*/\1/p"
}

# sendmail(8)
opt=sendmail/opt.c
known=$(sed -n 's/^ *"+:\(.*\)";$/\1/p' "$TREE/$opt" | tr -d ':' | fold -w1)
means=$(table $opt with_arg | letters
	sed -n "/^plain(/,/^}/s/^	case '\([A-Za-z]\)':.*/\1/p" "$TREE/$opt")
options=$(section sendmail.8 OPTIONS | items Fl
	section sendmail.8 'OPTIONS REFUSED' | items Fl)
ignored=$(section sendmail.8 'OPTIONS WITHOUT MEANING' | sed -n 's/^\.Fl \([A-Za-z]\)\( .*\)*$/\1/p' |
	grep -v '^o$')
agree "sendmail(8): options with a meaning" "$means" "$(cut -c1 <<<"$options")"
agree "sendmail(8): options without meaning" \
    "$(grep -v -x -F "$means" <<<"$known")" "$ignored"
agree "sendmail(8): -b" "$(table $opt modes | letters)" \
    "$(sed -n 's/^b\(.\)$/\1/p' <<<"$options")"
agree "sendmail(8): -O" \
    "$(sed -n 's/.*span_ieq(name, SPAN("\([A-Za-z]*\)")).*/\1/p' "$TREE/$opt")" \
    "$( (section sendmail.8 OPTIONS; section sendmail.8 'OPTIONS REFUSED') |
	items Cm | grep '^[A-Z]')"
agree "sendmail(8): -o" \
    "$(sed -n "s/.*[( ]letter == '\(.\)'.*/\1/p" "$TREE/$opt")" \
    "$(sed -n 's/^o\(.\)$/\1/p' <<<"$options")"

statuses() { # FILES...: the sysexits that they name
	grep -h -o '\bEX_[A-Z]*' "$@" | grep -v '^EX_OK$'
}
numbered() { # MANUAL: "64 EX_USAGE", as sysexits.h has them
	section "$1" 'EXIT STATUS' | sed -n 's/^\.It \([0-9]*\) Pq Dv \(EX_[A-Z]*\)$/\1 \2/p'
}
cd "$TREE" || exit 1
agree "sendmail(8): exit statuses" "$(statuses sendmail/*.c; echo EX_SOFTWARE)" \
    "$(numbered sendmail.8 | cut -d' ' -f2)"
agree "deliver(8): exit statuses" "$(statuses deliver/main.c deliver/parent.c deliver/walk.c deliver/net/probe.c deliver/setup/setup.c deliver/setup/import.c | grep -v -x -e EX_IOERR -e EX_DATAERR)" \
    "$(numbered deliver.8 | cut -d' ' -f2)"
check "exit statuses have their numbers" sh -c "cat >/tmp/numbers; while read -r n name; do
	grep -q \"define \$name[[:space:]]*\$n[[:space:]]\" /usr/include/sysexits.h || exit 1; done </tmp/numbers" \
    < <(numbered sendmail.8; numbered deliver.8)

# mailq(1)
long() { # of a table of options
	table "$1" "$2" | quoted
}
agree "mailq(1): options" "$(long sendmail/mailq_opt.c options)" \
    "$( (section mailq.1 OPTIONS; section mailq.1 SELECTION) | items Fl | sed -n 's/^-/--/p')"
agree "mailq(1): commands" "$(long sendmail/mailq_opt.c commands)" \
    "$(section mailq.1 COMMANDS | items Cm)"
agree "mailq(1): JSON" "$(grep -o -E '(text|when)\(b, "[a-z_]*"|\\"[a-z_]+\\":' sendmail/json.c |
	grep -o '[a-z_]*\\*"[:]*$' | tr -d '\\":')" \
    "$(section mailq.1 JSON | items Cm)"
agree "mailq(1): numbers" "$(grep -o '"bellman_[a-z_]*"' sendmail/monitor.c | tr -d '"')" \
    "$(section mailq.1 MONITORS | items Cm)"

# bellman.conf(5)
settings() {
	table common/conf_parse.c settings
	table common/conf_parse.c in_limits
	table common/conf_terminal.c in_alert
	table common/conf_relay.c in_relay
}
agree "bellman.conf(5): settings" "$(settings | quoted)" \
    "$(section bellman.conf.5 SETTINGS | items Cm | grep -v -x -e smtp -e lmtp)"
words() { # of the values that are chosen from a list
	awk '/const (words|places)\[\] =/ { on = 1 } on { print } /};/ { on = 0 }' common/conf_*.c |
		grep -o '"[a-z0-9-]*"' | tr -d '"'
}
for word in $(words | sort -u); do
	grep -q -E "^\.(It )?(Cm|Ic).*\b$word\b" "$MAN/bellman.conf.5" || echo "$word"
done >/tmp/missing
same "bellman.conf(5): the words of values" "" "$(cat /tmp/missing)"

# deliver(8)
agree "deliver(8): options" "$(sed -n '/words\[\] = {/,/};/p' deliver/main.c | grep -o '"-[a-z-]*"' | tr -d '"')" \
    "$(section deliver.8 DESCRIPTION | items Fl | sed 's/^/-/')"
agree "deliver(8): options of --setup and --import" \
    "$(sed -n 's/^.*{ "\([a-z-]*\)", \(no\|required\)_argument,.*/-\1/p' deliver/setup/setup.c deliver/setup/import.c)" \
    "$(section deliver.8 'SETTING UP' | items Fl)"
agree "deliver(8): roles" \
    "$(sed -n 's/^	\[ROLE_[A-Z]*\] = { "\([a-z]*\)", \(NULL\|"\([a-z-]*\)"\),.*/\1 \3/p' deliver/role.c)" \
    "$(section deliver.8 ROLES | sed '/^\.It Sy Process/q' | sed -n 's/^\.It \([a-z]*\) Ta \(root\|the recipient\|the submitter\|\([a-z-]*\)\) Ta .*/\1 \3/p')"
agree "deliver(8): the journal" \
    "$(sed -n 's/^	\[J_[A-Z]*\] = { "\([a-z]*\)".*/\1/p' deliver/queue/journal.c)" \
    "$(sed -n '/^Behind the message is the journal/,/^\.El/p' "$MAN/deliver.8" | items Cm)"
agree "deliver(8): the envelope" "$(table common/env.c lines | quoted)" \
    "$(sed -n '/^The envelope is these/,/^\.El/p' "$MAN/deliver.8" | items Cm)"
agree "deliver(8): the modes of a file in drop/" \
    "$(sed -n 's/^#define WRITING /incomplete /p; s/^#define COMPLETE /complete /p; s/^#define SYNCED /synced /p' common/spool.c)" \
    "$(sed -n '/^The mode tells/,/^\.It/p' "$MAN/deliver.8" |
	sed -n 's/.*: \(0...\) incomplete, \(0...\) complete, \(0...\) complete and$/incomplete \1\ncomplete \2\nsynced \3/p')"
exits "the log: each line is subject, event, key=value" 0 python3 tests/events.py code
agree "deliver(8): events of the log, and their keys" "$(cat "$OUT")" "$(python3 tests/events.py manual)"
cd /root || exit 1

# Examples: the N-th block of a manual, as it is printed.
block() { # MANUAL N
	awk -v n="$2" '/^\.Bd/ { i++; next } /^\.Ed/ { on = 0; if (i == n) exit } i == n' "$MAN/$1" |
		sed 's/\\e/\\/g'
}
blocks() { grep -c '^\.Bd' "$MAN/$1"; }
for n in $(seq "$(blocks bellman.conf.5)"); do
	block bellman.conf.5 "$n" | config
	check "bellman.conf(5): example $n is valid" deliver --check-settings
done
: >"$CONF"
start_agent
for n in $(seq "$(blocks sendmail.8)"); do
	block sendmail.8 "$n" >/tmp/example
	check "sendmail(8): example $n works" bash -e /tmp/example
done
check "their messages arrive" drained
same "one for root" 1 "$(messages /var/mail/root)"
same "two for alice" 2 "$(messages /var/mail/alice)"
stop_agent

for page in man1/mailq.1 man1/newaliases.1 man1/tell.1 man5/bellman.conf.5 man5/aliases.5 man8/deliver.8 man8/sendmail.8; do
	check "make install installs ${page#*/}" cmp "$MAN/${page#*/}" "/usr/share/man/$page"
done
if command -v mandoc >/dev/null; then
	for page in "$MAN"/*.[158]; do
		# What is not about the page: a list of manuals that is out of date,
		# and does not have ours; a section that only sounds like another.
		mandoc -Tlint -W style "$page" 2>&1 |
			grep -v 'mandoc.db\|referenced manual not found\|possible typo in section name' >/tmp/lint
		same "${page##*/}: mandoc -Tlint" "" "$(cat /tmp/lint)"
	done
else
	skip "no mandoc here to look at the manuals"
fi
# Debian's man(1) shows them by groff, which breaks what mandoc does not.
if command -v nroff >/dev/null; then
	for page in "$MAN"/*.[158]; do
		GROFF_NO_SGR=1 nroff -mandoc -c -rLL=78n "$page" 2>/dev/null | sed 's/.\x08//g' >/tmp/page
		check "${page##*/}: groff has a page of it" grep -q NAME /tmp/page
		same "${page##*/}: no line is wider than a terminal" "" "$(awk 'length > 80' /tmp/page)"
	done
else
	skip "no nroff here to look at the manuals"
fi
check "make uninstall" make -s -C "$TREE" O="$O" uninstall
refute "it removes the manuals" sh -c 'ls /usr/share/man/man[158]/* | grep -E "/(deliver|bellman.conf|aliases)\.[58]$"'
finish
