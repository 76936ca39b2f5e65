# disks.sh - for the stories with file systems of their own: source it after lib.sh.
# shellcheck shell=bash

# The copy of the machine has no devices but the plainest.
for n in {0..31}; do
	[ -e /dev/loop$n ] || mknod -m 600 /dev/loop$n b 7 $n
done
[ -e /dev/loop-control ] || mknod -m 600 /dev/loop-control c 10 237

carol_and_dave() { # she has a Maildir, he a file, both by .forward
	local user
	for user in carol dave; do
		useradd -K MAIL_DIR=/nonexistent -m -U -s /bin/sh $user
	done 2>/dev/null
	echo /home/carol/Maildir/ >/home/carol/.forward
	echo /home/dave/archive >/home/dave/.forward
	chown carol: /home/carol/.forward
	chown dave: /home/dave/.forward
}
