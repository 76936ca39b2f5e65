#!/bin/bash
# fetch.sh DIR   unpacks, without installing them, the programs of Debian that
# the stories need and that would bring another mail system along: smtp-sink of
# Postfix into DIR/smtp-sink; mail(1) and cron stay packages in DIR/pkgs, which
# root.sh unpacks into its copy of the machine, and the callers of story 12,
# with what they need beyond this machine, in DIR/pkgs/callers; real servers, one
# set each, in DIR/pkgs/SET, which a story unpacks (lib.sh).  A word on
# stderr for what cannot be had; the stories say that they skip it.
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

CALLERS='s-nail mailutils mutt git-email libmailtools-perl at anacron php8.2-cli sudo alpine logwatch'
LIMIT=80 # MB: a machine with next to nothing would fetch all of Perl and Git

callers() { # PACKAGE...: what apt would bring for them, but mail systems
	local list
	list=$(apt-get -qq -o Dir::Cache::archives="$PWD/pkgs/callers" --print-uris \
		--no-install-recommends install "$@" 2>/dev/null) ||
		return 1
	list=$(echo "$list" | awk -v limit=$LIMIT '
		$2 ~ /^(exim4|postfix|sendmail|dma|opensmtpd|nullmailer|msmtp)[-_]/ { next }
		$2 ~ /_.*\.deb$/ { sub(/_.*/, "", $2); print $2; sum += $3 }
		END { exit sum > limit * 1e6 }') || return 1
	[ -n "$list" ] || return 0 # this machine has them
	# shellcheck disable=SC2086 # words, one a package
	(cd pkgs/callers && apt-get -qq -o APT::Sandbox::User=root download $list) \
		>/dev/null 2>&1
}

if [ ! -e pkgs/callers/complete ]; then
	mkdir -p pkgs/callers
	complete=1
	# shellcheck disable=SC2086 # words
	callers $CALLERS || for package in $CALLERS; do
		compgen -G "pkgs/callers/${package}_*.deb" >/dev/null ||
			callers "$package" || {
			echo "fetch.sh: cannot download $package" >&2
			complete=
		}
	done
	[ -z "$complete" ] || : >pkgs/callers/complete
fi
server() { # SET PACKAGE...: with what they need beyond this machine
	local list set=$1
	shift
	[ -e "pkgs/$set/complete" ] && return
	mkdir -p "pkgs/$set"
	list=$(apt-get -qq -o Dir::Cache::archives="$PWD/pkgs/$set" --print-uris \
		--no-install-recommends install "$@" 2>/dev/null |
		awk '$2 ~ /_.*\.deb$/ { sub(/_.*/, "", $2); print $2 }')
	# shellcheck disable=SC2086 # words, one a package
	if [ -z "$list" ] || (cd "pkgs/$set" &&
		apt-get -qq -o APT::Sandbox::User=root download $list) >/dev/null 2>&1; then
		: >"pkgs/$set/complete"
	else
		echo "fetch.sh: cannot download $set" >&2
	fi
}

server postfix postfix
server opensmtpd opensmtpd
server exim exim4-base exim4-config exim4-daemon-light
server dovecot dovecot-core dovecot-lmtpd
exit 0
