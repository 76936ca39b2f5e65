#!/bin/bash
# fetch.sh DIR [SET...]   unpacks, without installing them, the programs of Debian that
# the stories need and that would bring another mail system along: smtp-sink of
# Postfix into DIR/smtp-sink; mail(1) and cron stay packages in DIR/pkgs, which
# root.sh unpacks into its copy of the machine, and sets of packages, with what
# they need beyond this machine, each in a folder DIR/pkgs/SET, which a story
# unpacks (unpack, in lib.sh).  With SETs, only those, and also the ones that only
# the benchmark needs, and a kernel (machine/boot.sh).  A word on stderr for what
# cannot be had; the stories say that they skip it.
set -u
dir=$1
shift
mkdir -p "$dir/pkgs"
cd "$dir" || exit 1
command -v apt-get >/dev/null || { echo "fetch.sh: no apt here" >&2; exit 0; }

fetch() { # PACKAGE FOLDER
	compgen -G "$2/$1_*.deb" >/dev/null && return 0
	mkdir -p "$2"
	(cd "$2" && apt-get -qq -o APT::Sandbox::User=root download "$1") >/dev/null 2>&1 ||
		{ echo "fetch.sh: cannot download $1" >&2; return 1; }
}

CALLERS='s-nail mailutils mutt git-email libmailtools-perl at anacron php8.2-cli sudo alpine logwatch'
LIMIT=80 # MB: a machine with next to nothing would fetch all of Perl and Git

download() { # FOLDER PACKAGE...: what apt would bring for them, no other mail system
	local folder=$1 list
	shift
	list=$(apt-get -qq -o Dir::Cache::archives="$PWD/$folder" --print-uris \
		--no-install-recommends install "$@" 2>/dev/null) ||
		return 1
	list=$(echo "$list" | awk -v limit=$LIMIT -v asked=" $* " '
		{ package = $2; sub(/_.*/, "", package) }
		package ~ /^(exim4|postfix|sendmail|dma|opensmtpd|nullmailer|msmtp)(-|$)/ &&
			!index(asked, " " package " ") { next }
		$2 ~ /_.*\.deb$/ { print package; sum += $3 }
		END { exit sum > limit * 1e6 }') || return 1
	[ -n "$list" ] || return 0 # this machine has them
	# shellcheck disable=SC2086 # words, one a package
	(cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download $list) \
		>/dev/null 2>&1
}

set_of() { # SET PACKAGE...: into pkgs/SET, for `unpack SET` of a story (lib.sh)
	local folder=pkgs/$1 package complete=1
	shift
	[ ! -e "$folder/complete" ] || return 0
	mkdir -p "$folder"
	download "$folder" "$@" || for package; do
		compgen -G "$folder/${package}_*.deb" >/dev/null ||
			download "$folder" "$package" || {
			echo "fetch.sh: cannot download $package" >&2
			complete=
		}
	done
	[ -z "$complete" ] || : >"$folder/complete"
}

of_stories() {
	if [ ! -e smtp-sink/smtp-sink ] && fetch postfix tmp; then
		dpkg -x tmp/postfix_*.deb tmp/all
		mkdir -p smtp-sink
		mv tmp/all/usr/sbin/smtp-sink tmp/all/usr/lib/postfix/*.so smtp-sink/
		rm -rf tmp
	fi
	for package in bsd-mailx liblockfile1 cron; do
		fetch "$package" pkgs
	done
	# shellcheck disable=SC2086 # words
	set_of callers $CALLERS
	set_of unattended unattended-upgrades python3-distro-info
	set_of nss libnss-extrausers
	set_of dovecot dovecot-core dovecot-imapd dovecot-lmtpd
	# each a real server for the stories
	set_of postfix postfix
	set_of opensmtpd opensmtpd
	set_of exim exim4-base exim4-config exim4-daemon-light
	set_of dnssec nsd ldnsutils unbound
	set_of fail2ban fail2ban
	# one plugin of them, in Perl, without what the others need
	fetch monitoring-plugins-standard pkgs/monitors && fetch monitoring-plugins-basic pkgs/monitors &&
		fetch monitoring-plugins-common pkgs/monitors && set_of monitors monit
}

kernel() { # Debian's for virtual machines, for machine/boot.sh
	local package
	[ ! -e kernel/complete ] || return 0
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
	fetch "${package:-linux-image-cloud-amd64}" kernel.deb &&
		dpkg -x kernel.deb/*.deb kernel && : >kernel/complete
	rm -rf kernel.deb
}

[ $# -gt 0 ] || of_stories
for set; do
	case $set in
	exim) set_of exim exim4-base exim4-config exim4-daemon-light ;;
	kernel) kernel ;;
	msmtp) set_of msmtp msmtp msmtp-mta ;;
	sendmail) set_of sendmail sendmail-bin sendmail-base sendmail-cf sensible-mda procmail m4 ;;
	postfix | opensmtpd | dma | nullmailer) set_of "$set" "$set" ;;
	*) echo "fetch.sh: no set $set" >&2 ;;
	esac
done
exit 0
