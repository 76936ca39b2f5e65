#!/bin/bash
# fetch.sh DIR   unpacks, without installing them, the programs of Debian that
# the stories need and that would bring another mail system along: smtp-sink of
# Postfix into DIR/smtp-sink; mail(1) and cron stay packages in DIR/pkgs, which
# root.sh unpacks into its copy of the machine.  A word on stderr for what
# cannot be had; the stories say that they skip it.
set -u
dir=$1
mkdir -p "$dir/pkgs"
cd "$dir" || exit 1
command -v apt-get >/dev/null || { echo "fetch.sh: no apt here" >&2; exit 0; }

fetch() { # PACKAGE FOLDER
	compgen -G "$2/$1_*.deb" >/dev/null && return 0
	mkdir -p "$2"
	(cd "$2" && apt-get -qq -o APT::Sandbox::User=root download "$1") >/dev/null 2>&1 ||
		{ echo "fetch.sh: cannot download $1" >&2; return 1; }
}

if [ ! -e smtp-sink/smtp-sink ] && fetch postfix tmp; then
	dpkg -x tmp/postfix_*.deb tmp/all
	mkdir -p smtp-sink
	mv tmp/all/usr/sbin/smtp-sink tmp/all/usr/lib/postfix/*.so smtp-sink/
	rm -rf tmp
fi
for package in bsd-mailx liblockfile1 cron; do
	fetch "$package" pkgs
done
exit 0
