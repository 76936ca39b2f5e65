#!/bin/bash
# portable.sh - builds for other compilers, C libraries, word sizes and with fewer
# libraries, each without a warning, and what can run of them runs.  Folders in
# $O/portable; what cannot be had here is named with its reason.
set -u
cd "$(dirname "$0")/.." || exit 1
P=$(mkdir -p "${O:-build}/portable" && cd "${O:-build}/portable" && pwd -P)
passed=0 failed=0 skipped=0
JOBS=$(nproc)
RUN= # what runs a program of another kind of machine
unset MAKEFLAGS MFLAGS # under make -j each make below would warn, of its own -j

ok() { # WHAT COMMAND...: it succeeds, and says no word of a warning
	local what=$1 log=$P/log
	shift
	if "$@" >"$log" 2>&1 && ! grep -q -E 'warning:|error:' "$log"; then
		passed=$((passed + 1))
		echo "ok - $what"
	else
		failed=$((failed + 1))
		echo "not ok - $what"
		grep -E -A4 'warning:|error:|FAILED|undefined' "$log" | head -n 20
		tail -n 5 "$log"
	fi
}
skip() {
	skipped=$((skipped + 1))
	echo "skip: portable: $*"
}
have() { command -v "$1" >/dev/null 2>&1; }
build() { # FOLDER WHAT... (with settings of make)
	local folder=$1
	shift
	make -s -j"$JOBS" O="$P/$folder" "$@"
}
says() { # PATTERN COMMAND...
	local pattern=$1
	shift
	"$@" 2>&1 | grep -q -E -e "$pattern" || { "$@"; return 1; }
}
refuse() { ! says "$@" >/dev/null; }
units() { # FOLDER TEST...: they pass
	local folder=$1 t rc=0
	shift
	for t; do
		$RUN "$P/$folder/tests/${t}_test" >"$P/unit" 2>&1 || { echo "FAILED $t"; grep -E 'FAILED|ERROR' "$P/unit"; rc=1; }
	done
	return $rc
}
# The tests of the modules of these folders.
tests_of() {
	local t name folder
	for t in tests/*_test.c; do
		name=${t#tests/}
		name=${name%_test.c}
		for folder; do
			[ ! -e "$folder/$name.c" ] || echo "$name"
		done
	done
}
targets() { # FOLDER NAME...
	local folder=$1
	shift
	printf "$P/$folder/tests/%s_test\n" "$@"
}
usage() { says '^sendmail: -bP' $RUN "$1" -bP; } # a sentence: it starts

apt() { # ARGUMENTS...: with lists of its own, so that this machine's stay
	mkdir -p "$P/apt/$FOR/lists" "$P/apt/$FOR/parts"
	apt-get -qq -o APT::Sandbox::User=root -o Dir::State::lists="$P/apt/$FOR/lists" \
	    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$P/apt/$FOR/parts" "$@"
}
lists() { # FOR SED: the sources of this machine, changed
	local f
	FOR=$1
	mkdir -p "$P/apt/$FOR/parts"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ ! -e "$f" ] || sed "$2" "$f" >"$P/apt/$FOR/parts/${f##*/}"
	done
	apt "${@:3}" update || true # a part of a mirror may be missing: who downloads sees
}

compilers() {
	local cc
	for cc in gcc clang; do
		have $cc || { skip "$cc: not installed"; continue; }
		ok "$cc: no warning" build $cc CC=$cc all
	done
	have gcc || return
	rm -f "$P/gcc/sendmail/sendmail"
	ok "sendmail with shared libraries" build gcc CC=gcc SENDMAIL_LIBS=-lbsd "$P/gcc/sendmail/sendmail"
	ok "it is, and starts" sh -c "readelf -l $P/gcc/sendmail/sendmail | grep -q INTERP"
	ok "with a sentence" usage "$P/gcc/sendmail/sendmail"
}

fewer() {
	local names='order net check opt import'
	ok "without GMime and libidn2: no warning" build fewer IDN2= GMIME= all $(targets fewer $names)
	ok "tests of modules" units fewer $names
	ok "deliver --version says what is missing: libidn2" says 'no libidn2: mail .* waits' "$P/fewer/deliver/deliver" --version
	ok "and it is not linked" refuse 'libidn2' readelf -d "$P/fewer/deliver/deliver"
	ok "nor is any library of systemd, here or elsewhere" refuse 'libsystemd' readelf -d "$P/fewer/deliver/deliver"
	ok "and there is no deliver-mime" test ! -e "$P/fewer/deliver/mime/deliver-mime"
}

# Debian has no libraries for musl: those that sendmail and the tests need are
# built; of the others the headers will do.
musl_root() {
	local M=$P/musl-root src=$P/musl-src n dir
	[ ! -e "$M/complete" ] || return 0
	rm -rf "$M" "$src"
	mkdir -p "$M/include" "$M/lib" "$M/more" "$M/arch" "$src"
	lists source 's/^Types: *deb *$/Types: deb-src/; s/^deb /deb-src /' || return 1
	(cd "$src" && apt --download-only source libmd libbsd cmocka) || return 1
	for n in "$src"/*.orig.tar.*z; do tar -C "$src" -xf "$n" || return 1; done
	for n in linux asm-generic mtd; do ln -s /usr/include/$n "$M/include/$n"; done
	dir=/usr/include/$(gcc -print-multiarch)
	ln -s "$dir/asm" "$M/include/asm"
	for n in libmd libbsd; do
		(cd "$src/$n"-*/ && ./configure -q --disable-shared --prefix="$M" CC="musl-gcc -isystem $M/include" \
		    CFLAGS="-O2 -fPIE" LDFLAGS="-L$M/lib" && make -s -j"$JOBS" -C src && make -s -C src install &&
			make -s -C include install) || return 1
	done
	for n in tdb.h idn2.h openssl /usr/include/ares*.h /usr/include/gsasl*.h /usr/include/cmocka*.h; do
		ln -s "/usr/include/${n#/usr/include/}" "$M/more/"
	done
	ln -s "$dir/openssl" "$M/arch/openssl"
	n='-DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_STRINGS_H -DHAVE_STRING_H -DHAVE_STDIO_H -DHAVE_STDLIB_H'
	: >"$M/include/config.h"
	(cd "$src"/cmocka-*/ && musl-gcc -O2 -fPIE -D_GNU_SOURCE -DHAVE_CONFIG_H $n -DHAVE_SIGNAL_H -DHAVE_SETJMP_H -DHAVE_STRSIGNAL \
	    -DHAVE_VSNPRINTF -DHAVE_SNPRINTF -DHAVE_MALLOC_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME -DHAVE_CLOCK_REALTIME \
	    -isystem "$M/include" -Iinclude -c src/cmocka.c -o cmocka.o && ar rcs "$M/lib/libcmocka.a" cmocka.o) || return 1
	rm -f "$M"/lib/*.so # scripts of the linker, for libraries that are not there
	: >"$M/complete"
}

musl() {
	local M=$P/musl-root set names
	have musl-gcc || { skip "musl: no musl-gcc here (Debian: musl-tools)"; return; }
	musl_root >"$P/log" 2>&1 || { skip "musl: libmd, libbsd and cmocka could not be had or built: $(tail -n 1 "$P/log")"; return; }
	set=(CC=musl-gcc GMIME= BSD_LIBS="-lbsd -lmd" DELIVER_LIBS= LDFLAGS="-L$M/lib"
		BSD_CFLAGS="-isystem $M/include/bsd -DLIBBSD_OVERLAY -isystem $M/include -isystem $M/more -isystem $M/arch")
	ok "musl: sendmail" build musl "${set[@]}" "$P/musl/sendmail/sendmail"
	ok "it starts, with no library but what is in it" usage "$P/musl/sendmail/sendmail"
	rm -f "$P/musl/sendmail/sendmail"
	ok "musl: sendmail, not static" build musl "${set[@]}" SENDMAIL_LIBS="-lbsd -lmd" "$P/musl/sendmail/sendmail"
	ok "it starts" usage "$P/musl/sendmail/sendmail"
	mapfile -t names < <(tests_of common sendmail)
	skip "musl: who_test and one row of conf_test: it has no register of logins (utmp), and other words for ELOOP"
	mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -v -x -e who -e conf)
	ok "musl: every other file compiles, and tests of common/ and sendmail/" \
	    build musl "${set[@]}" $(targets musl "${names[@]}")
	ok "they pass (${#names[@]})" units musl "${names[@]}"
}

narrow_root() {
	local R=$P/narrow-root deb
	[ ! -e "$R/complete" ] || return 0
	rm -rf "$R"
	mkdir -p "$R/debs"
	lists i386 '' -o APT::Architectures=i386 -o APT::Architecture=i386 || return 1
	(cd "$R/debs" && apt -o APT::Architectures=i386 -o APT::Architecture=i386 download libbsd-dev libbsd0 \
	    libmd-dev libmd0 libc-ares-dev libc-ares2 libtdb-dev libtdb1 libssl-dev libssl3 libgsasl-dev libgsasl18 \
	    libidn2-dev libidn2-0 libunistring2 libcmocka-dev libcmocka0 libntlm0 libidn12 libgssapi-krb5-2 \
	    libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 libgssglue1) || return 1
	for deb in "$R"/debs/*.deb; do dpkg-deb -x "$deb" "$R" || return 1; done
	# a linker's script, with paths of a machine of that kind
	ln -sf libbsd.so.0 "$R/usr/lib/i386-linux-gnu/libbsd.so"
	: >"$R/complete"
}

narrow() { # 32 bits, with times of 64
	local R=$P/narrow-root L set names
	echo 'int main(void) { return 0; }' >"$P/probe.c"
	gcc -m32 -o "$P/probe" "$P/probe.c" 2>/dev/null || { skip "32 bits: gcc -m32 links nothing here (Debian: gcc-multilib)"; return; }
	narrow_root >"$P/log" 2>&1 || { skip "32 bits: no libraries of i386 to be had: $(tail -n 1 "$P/log")"; return; }
	L=$R/usr/lib/i386-linux-gnu
	set=(CC="gcc -m32 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64" GMIME= BSD_LIBS=-lbsd
		DELIVER_LIBS="-lcares -ltdb -lssl -lcrypto -lgsasl -lidn2 -ldl"
		LDFLAGS="-L$L -Wl,--disable-new-dtags,-rpath,$L -Wl,-rpath-link,$L -Wl,-rpath-link,$R/lib/i386-linux-gnu"
		BSD_CFLAGS="-isystem $R/usr/include/bsd -DLIBBSD_OVERLAY -isystem $R/usr/include -isystem $R/usr/include/i386-linux-gnu")
	ok "32 bits: no warning" build narrow "${set[@]}" all
	if "$P/probe" 2>/dev/null; then
		RUN=
	elif have qemu-i386; then
		RUN=qemu-i386
	else
		skip "32 bits: this kernel runs no such programs, and no qemu-i386 is here (Debian: qemu-user)"
		return
	fi
	rm -f "$P/narrow/sendmail/sendmail" # qemu has its troubles with a static-pie
	ok "32 bits: sendmail, not static" build narrow "${set[@]}" SENDMAIL_LIBS=-lbsd "$P/narrow/sendmail/sendmail"
	ok "it starts" usage "$P/narrow/sendmail/sendmail"
	ok "deliver starts, and its clock does not end" refuse 'ends in 2038' $RUN "$P/narrow/deliver/deliver" --version
	mapfile -t names < <(tests_of common sendmail deliver deliver/queue deliver/user)
	if [ -n "$RUN" ]; then
		skip "32 bits: ipc_test: $RUN counts descriptors that do not fit otherwise than a kernel"
		mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -v -x ipc)
	fi
	ok "32 bits: tests of modules" build narrow "${set[@]}" $(targets narrow "${names[@]}")
	ok "they pass (${#names[@]})" units narrow "${names[@]}"
	RUN=
}

for part in ${PARTS:-compilers fewer musl narrow}; do $part; done
skipped=${skipped#0}
echo "portable: $passed passed, $failed failed${skipped:+, $skipped skipped}"
[ $failed = 0 ]
