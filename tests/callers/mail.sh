# shellcheck shell=bash disable=SC2154 # read by 12-callers.sh
# The programs that people and scripts write mail with.

if has /usr/bin/bsd-mailx bsd-mailx; then
	call bsd-mailx bsd-mailx -s 'mailx: Grüße' -c carol@remote.example \
	    -b dave@remote.example bob </tmp/text
	both 'mailx: Grüße' alice@mail.example "$ALICE" /tmp/text \
	    'carol@remote.example dave@remote.example'

	call 'bsd-mailx -a -r' bsd-mailx -a 'X-Job: nightly' \
	    -r root@other.example -s job bob carol@remote.example </tmp/text
	read_it bob
	WHERE=bob
	part subject job
	check "$NAME_OF: the field of -a" grep -q -x x-job $G/fields
fi

if has /usr/bin/s-nail s-nail; then
	call s-nail s-nail -:/ -s 'nail: Grüße' -c carol@remote.example \
	    -b dave@remote.example bob </tmp/text
	both 'nail: Grüße' alice@mail.example "$ALICE" /tmp/text \
	    'carol@remote.example dave@remote.example'

	echo 'an attached дополнение' >/tmp/extra.txt
	call 's-nail -r -a' s-nail -:/ -r news@other.example -a /tmp/extra.txt \
	    -s attached bob carol@remote.example </tmp/text
	both attached news@other.example news@other.example /tmp/text
	check "$NAME_OF: the attached file" cmp $G/attached /tmp/extra.txt
fi

if has /usr/bin/mail.mailutils mailutils; then
	# its own /etc/mail.rc says that a dot ends the text
	call mailutils mail.mailutils -n -s 'utils: report' -a 'Cc: carol@remote.example' \
	    -a 'Bcc: dave@remote.example' bob </tmp/text
	both 'utils: report' alice@mail.example "$ALICE" /tmp/text \
	    'carol@remote.example dave@remote.example'

	call 'mailutils -r' mail.mailutils -n -r news@other.example -s other \
	    bob carol@remote.example </tmp/text
	both other news@other.example 'Alice Liddell <news@other.example>' /tmp/text
fi

if has /usr/bin/mutt mutt; then
	echo 'an attached дополнение' >/tmp/extra.txt
	echo 'set record="" write_bcc=yes' >/home/alice/.muttrc
	call mutt mutt -s 'mutt: Grüße' -b dave@remote.example -a /tmp/extra.txt \
	    -- bob carol@remote.example </tmp/text
	both 'mutt: Grüße' alice@mail.example "$ALICE" /tmp/text \
	    'carol@remote.example dave@remote.example'
	check "$NAME_OF: the attached file" cmp $G/attached /tmp/extra.txt

	cat >>/home/alice/.muttrc <<-'X'
		set use_envelope_from=yes envelope_from_address=bounces@other.example
		set dsn_notify="failure,delay" dsn_return=hdrs
	X
	call 'mutt with an envelope sender and DSN' mutt -s dsn -- bob \
	    carol@remote.example </tmp/text
	both dsn bounces@other.example "$ALICE" /tmp/text
	# what becomes of -N and -R is seen while nobody takes it over
	stop_agent
	who alice mutt -s dsn -- bob </tmp/text >/tmp/call.out 2>&1
	check "mutt: -N goes into the envelope" grep -q -a -E '^to .*FAILURE,DELAY' $SPOOL/drop/*
	check "mutt: -R as well" grep -q -a -E '^ret HDRS' $SPOOL/drop/*
	start_agent
	check "mutt: it is delivered after all" drained
fi
