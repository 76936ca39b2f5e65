#!/bin/bash
# What deliver-mime makes of a message: legal for every server, and the same to
# a reader.  The rows are in mime_rows.py.
. "$(dirname "$0")/lib.sh"

MIME=/usr/libexec/bellman/deliver-mime
if [ ! -x $MIME ]; then
	skip "no GMime here: deliver-mime was not built"
	finish
fi
/usr/bin/python3 "$TREE/tests/mime_rows.py" $MIME >/tmp/rows 2>&1
rc=$?
while IFS= read -r line; do
	case $line in
	"ok - "*) pass "${line#ok - }" ;;
	*) echo "$line" >"$OUT"; fail "${line#not ok - }" ;;
	esac
done </tmp/rows
same "all rows were judged" 0 "$rc"
exits "a length that is no number" 64 $MIME 7bit x
exits "nothing wanted" 64 $MIME
exits "it says what it is" 0 $MIME --version
said "with the library" 'GMime 3\.'
printf 'short' | exits "shorter than was said" 74 $MIME 7bit 10
printf 'Subject: \303\266\n\n' >/tmp/eight
exits "no room for the result" 74 sh -c "$MIME 7bit 13 </tmp/eight >/dev/full"
finish
