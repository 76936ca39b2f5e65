#!/bin/sh
# install.sh install|uninstall   what `make install` and `make uninstall` do.
# PREFIX, SYSCONFDIR, DESTDIR, DIVERT and O come from the Makefile.
set -eu
PREFIX=${PREFIX:-/usr}
SYSCONFDIR=${SYSCONFDIR:-/etc}
SBIN=$DESTDIR$PREFIX/sbin
LIBEXEC=$DESTDIR$PREFIX/libexec/bellman
SPOOL=$DESTDIR/var/spool/bellman
STATE=$DESTDIR/var/lib/bellman
ETC=$DESTDIR$SYSCONFDIR/bellman
ROLES='bellman-net bellman-dns bellman-tty bellman-mime bellman-token'

# Names that other mail systems use as well, and what ours point to.
links() {
	echo "$PREFIX/bin/mailq ../sbin/sendmail"
	echo "$PREFIX/bin/newaliases ../sbin/sendmail"
	echo "$PREFIX/lib/sendmail ../sbin/sendmail"
	echo "$PREFIX/bin/tell ../sbin/sendmail"
}

names() {
	echo "$PREFIX/sbin/sendmail"
	links | cut -d' ' -f1
}

exists() { [ -e "$1" ] || [ -L "$1" ]; }

MAN=$DESTDIR$PREFIX/share/man
manuals() {
	for page in man/*.[158]; do
		echo "$page $MAN/man${page##*.}/${page#man/}"
	done
}
# Another sendmail has manuals of the same names; ours say whose they are.
our_page() { head -n 1 "$1" 2>/dev/null | grep -q -x '.\\" Bellman'; }

# Only our program is set-gid bellman; our links lead to it.
ours() {
	[ "$(stat -L -c %G "$1" 2>/dev/null)" = bellman ]
}

owner() { dpkg -S "$1" 2>/dev/null | grep -v '^diversion ' | sed 's/:.*//;q'; }

# Another mail system is never overwritten: its next upgrade would overwrite us
# in turn.  DIVERT=1 moves its names aside in a way that dpkg respects.
others() {
	found=
	for name in $(names); do
		if exists "$name" && ! ours "$name"; then
			found="$found $name"
		fi
	done
	[ -n "$found" ] || return 0
	package=
	for name in $found; do
		[ -n "$package" ] || package=$(owner "$name")
	done
	if [ "${DIVERT:-}" = 1 ] && command -v dpkg-divert >/dev/null; then
		for name in $found; do
			dpkg-divert --local --rename --add "$name"
		done
		echo "moved aside (NAME.distrib):$found"
		echo "Stop the daemon of ${package:-the other mail system} if it has one."
		return 0
	fi
	echo "Not installed: another mail system is here:$found" >&2
	echo "(package: ${package:-none, installed by hand})" >&2
	echo "Remove it, or let 'make install DIVERT=1' move these names aside;" >&2
	echo "'make uninstall' then moves them back." >&2
	exit 1
}

identities() {
	nologin=/usr/sbin/nologin
	getent group bellman >/dev/null || groupadd --system bellman
	for user in bellman $ROLES; do
		getent group "$user" >/dev/null || groupadd --system "$user"
		getent passwd "$user" >/dev/null ||
			useradd --system --no-create-home --home-dir /nonexistent \
			    --shell $nologin --gid "$user" \
			    --comment 'Bellman mail' "$user"
	done
}

# folder PATH OWNER MODE; under DESTDIR owners are the packager's affair
folder() {
	mkdir -p "$1"
	if [ -z "$DESTDIR" ]; then chown "$2" "$1"; fi
	chmod "$3" "$1"
}

install_all() {
	if [ -z "$DESTDIR" ]; then
		[ "$(id -u)" = 0 ] || { echo "make install needs root (or DESTDIR)" >&2; exit 1; }
		others
		identities
	fi
	mkdir -p "$SBIN" "$DESTDIR$PREFIX/bin" "$DESTDIR$PREFIX/lib"
	# Under a new name, then renamed: callers and a running agent see the old
	# program or the new one, never half of it, and never one that is not yet
	# set-gid.
	for program in sendmail deliver; do
		cp "$O/$program/$program" "$SBIN/.$program.new"
		chmod 0755 "$SBIN/.$program.new"
	done
	if [ -z "$DESTDIR" ]; then
		chown root:root "$SBIN/.deliver.new"
		chown root:bellman "$SBIN/.sendmail.new"
		chmod 02755 "$SBIN/.sendmail.new"
	fi
	for program in deliver sendmail; do
		mv -f "$SBIN/.$program.new" "$SBIN/$program"
	done
	# Built only where GMime is; one of an older build would be out of date.
	if [ -x "$O/deliver/mime/deliver-mime" ]; then
		mkdir -p "$LIBEXEC"
		cp "$O/deliver/mime/deliver-mime" "$LIBEXEC/.deliver-mime.new"
		chmod 0755 "$LIBEXEC/.deliver-mime.new"
		if [ -z "$DESTDIR" ]; then chown root:root "$LIBEXEC/.deliver-mime.new"; fi
		mv -f "$LIBEXEC/.deliver-mime.new" "$LIBEXEC/deliver-mime"
	else
		rm -f "$LIBEXEC/deliver-mime"
		echo "deliver-mime was not built (no GMime 3): mail that a server would not take as it is waits." >&2
	fi
	links | while read -r name target; do
		ln -sf "$target" "$DESTDIR$name"
	done
	manuals | while read -r page to; do
		if exists "$to" && ! our_page "$to"; then
			echo "not installed: $to is another program's" >&2
			continue
		fi
		mkdir -p "${to%/*}"
		cp "$page" "$to"
		chmod 0644 "$to"
	done
	mkdir -p "$ETC"
	if [ ! -e "$ETC/bellman.conf" ]; then
		cp bellman.conf.sample "$ETC/bellman.conf"
		chmod 0644 "$ETC/bellman.conf"
	fi
	mkdir -p "$DESTDIR/var/spool" "$DESTDIR/var/lib"
	folder "$SPOOL" root:bellman 0755
	folder "$SPOOL/drop" bellman:bellman 1770
	folder "$SPOOL/queue" bellman:bellman 0700
	folder "$SPOOL/quarantine" bellman:bellman 0700
	folder "$STATE" bellman:bellman 0700
	if [ -n "$DESTDIR" ]; then
		echo "Installed under $DESTDIR without users, owners and set-gid: INSTALL lists them."
	fi
}

uninstall_all() {
	links | while read -r name target; do
		if [ -L "$DESTDIR$name" ] && [ "$(readlink "$DESTDIR$name")" = "$target" ] &&
		    { [ -n "$DESTDIR" ] || ours "$name"; }; then
			rm -f "$DESTDIR$name"
		fi
	done
	if [ -n "$DESTDIR" ] || ours "$PREFIX/sbin/sendmail"; then
		rm -f "$SBIN/sendmail"
	fi
	rm -f "$SBIN/deliver" "$LIBEXEC/deliver-mime"
	rmdir "$LIBEXEC" 2>/dev/null || true
	manuals | while read -r page to; do
		if our_page "$to"; then rm -f "$to"; fi
	done
	if [ -z "$DESTDIR" ] && command -v dpkg-divert >/dev/null; then
		for name in $(names); do
			if dpkg-divert --list "$name" | grep -q '^local diversion'; then
				dpkg-divert --local --rename --remove "$name"
			fi
		done
	fi
	echo "Removed: the programs, their links and manuals."
	echo "Kept: $SPOOL and $STATE (mail that waits), $ETC (settings), the users bellman*."
}

case ${1:-} in
install) install_all ;;
uninstall) uninstall_all ;;
*) echo "usage: install.sh install|uninstall" >&2; exit 64 ;;
esac
