#!/bin/bash
# lint.sh - format, static analysis, and the house rules that a machine can
# see.  Prints what is wrong, then its closing line.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

rule() { # WHAT COMMAND...: it prints nothing and succeeds
	local what=$1 said
	shift
	if said=$("$@" 2>&1) && [ -z "$said" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $what"
		echo "$said" | head -n 60
	fi
}

mapfile -t code < <(find common sendmail deliver tests -name '*.[ch]' | sort)
mapfile -t parts < <(find common sendmail deliver -name '*.c' ! -name unitab.c | sort)
mapfile -t scripts < <(find . -name '*.sh' ! -path './build*' | sort; echo .ci/run)

# How many states clang's analyzer looks at in one function.  Its own bound is
# 225000 and takes six times as long; LINT_NODES=225000 make lint.
NODES=${LINT_NODES:-50000}

format() { clang-format --dry-run -Werror "${code[@]}"; }
tidy() {
	local flags files=("${parts[@]}")
	flags=$(pkg-config --cflags libbsd-overlay)
	if pkg-config --exists gmime-3.0; then
		flags="$flags $(pkg-config --cflags gmime-3.0)"
	else
		mapfile -t files < <(printf '%s\n' "${parts[@]}" | grep -v '^deliver/mime/')
	fi
	printf '%s\n' "${files[@]}" |
		xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$@" -- -std=c17 -D_GNU_SOURCE -I. '"$flags -Xclang -analyzer-config -Xclang max-nodes=$NODES"' 2>/dev/null' tidy
}
# libbsd's lists and trees are not looked up: cppcheck gets their outlines.  Nor are the
# system's headers (missingIncludeSystem), whose macros it does not know then
# (unknownMacro).
check_c() {
	local outline rc
	outline=$(mktemp --suffix=.h) || return 1
	cat >$outline <<-'X'
		#define TAILQ_HEAD(n, t) struct n { struct t *q; }
		#define TAILQ_ENTRY(t) struct { struct t *q; }
		#define TAILQ_HEAD_INITIALIZER(h) { 0 }
		#define TAILQ_FOREACH(v, h, f) for (v = (h)->q; v; v = v->f.q)
		#define TAILQ_FOREACH_SAFE(v, h, f, n) for (v = (h)->q; v && ((n) = v->f.q, 1); v = (n))
		#define TAILQ_FOREACH_REVERSE(v, h, n, f) for (v = (h)->q; v; v = v->f.q)
		#define RB_ENTRY(t) struct { struct t *q; }
		#define RB_HEAD(n, t) struct n { struct t *q; }
		#define RB_PROTOTYPE(n, t, f, c)
		#define RB_GENERATE(n, t, f, c)
		#define RB_PROTOTYPE_STATIC(n, t, f, c)
		#define RB_GENERATE_STATIC(n, t, f, c)
		#define RB_FOREACH(v, n, h) for (v = (h)->q; v; v = n##_RB_NEXT(v))
	X
	cppcheck -q --std=c11 --enable=warning,portability --inline-suppr \
	    --error-exitcode=1 -D_GNU_SOURCE -I. --include=$outline \
	    --suppress=missingIncludeSystem --suppress=unknownMacro \
	    -j "$(nproc)" "${parts[@]}"
	rc=$?
	rm -f $outline
	return $rc
}
shell() { shellcheck -x -S warning -e SC1091,SC2010,SC2012,SC2086,SC2046,SC2034 "${scripts[@]}"; }

none() { ! grep "$@"; }
identity() {
	none -n -E '\b(set(res|re|e|fs)?[ug]id|setgroups|initgroups|chroot)\(' \
	    "${parts[@]/common\/priv.c/}" -s
}
banned() {
	none -n -E '\b(strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|atoi|alloca)\(' "${parts[@]}"
}
unfinished() { none -n -E 'TODO|FIXME' "${code[@]}"; }
arrows() {
	local f dir
	none -n '#include "\(deliver\|sendmail\)/' common/*.[ch]
	none -n '#include "deliver/' sendmail/*.[ch]
	none -n '#include "sendmail/' deliver/*.[ch] deliver/*/*.[ch]
	for dir in deliver/*/; do # a role names no other role's files; headers are contracts
		none -n -E "#include \"deliver/[a-z]+/" "$dir"*.c 2>/dev/null | grep -v "\"$dir" |
			grep -v -E '"deliver/(user/user|net/net|dns/dns|tty/tty)\.h"'
	done
	return 0
}
long_files() {
	for f in "${parts[@]}" common/*.h deliver/*/*.h; do
		awk -v f="$f" 'END { if (NR > 500) print f ": " NR " lines" }' "$f"
	done
}
long_functions() {
	awk 'FNR == 1 { start = 0 } /^{/ { start = FNR } /^}/ && start {
		if (FNR - start > 100) print FILENAME ":" start ": " FNR - start " lines"
		start = 0 }' "${parts[@]}"
}
# tests/fuzz/README: where octets come in, and the targets that reach what takes them apart.
fuzzed() {
	local name by
	/usr/bin/python3 tests/fuzz/reach.py
	# and one for each role that may be told something (the table of ipc.c)
	sed -n 's/^\t\[IPC_.*{ ROLE_[A-Z]*, ROLE_\([A-Z]*\),.*/\1/p' deliver/ipc.c | tr A-Z a-z |
		grep -v -x roles | sort -u | while read -r name; do
			by=$(awk -v name="role-$name" '$1 == name { print $2 }' tests/fuzz/README)
			[ -f "tests/fuzz/${by:-$name}_fuzz.c" ] || echo "role $name: no fuzz target"
		done
}
# README, SECURITY: there are none, and no sanitizer looks for their races.
threads() {
	none -n -E '\b(pthread_[a-z]|thrd_create|CLONE_VM|CLONE_THREAD)|<(pthread|threads)\.h>' "${parts[@]}"
	none -n -E -e '-l?pthread\b' Makefile
}
# The parent's files, and what its children do before they are a role, name nothing
# that takes a message apart.  What main does for root in person is a request, and
# check names the kinds of messages.
parent_parses_nothing() {
	local file
	for file in deliver/*.c; do
		grep -H -n -E '#include "(common/(addr|alias|date|env|field|legal|record|reply|utf8)|sendmail/.*|deliver/(queue|net|dns|user|tty|mime)/.*)\.h"' "$file" |
			grep -v -E '^deliver/(role\.c:.*/(queue/queue|net/net|dns/dns|user/user|tty/tty)|main\.c:.*/queue/offline|check\.c:.*/env)\.h"'
		grep -H -n -E '\b(spool_head_get|env_decode|file_open)\(' "$file"
		# a message's descriptor is handed on: at most its place is set
		grep -H -n -E '\b(read|pread|readv|mmap)\(.*(m|msg|start)->fd\b' "$file"
	done
	return 0
}
includes_from_top() { none -n -E '#include "[a-z_]+\.h"' "${code[@]}"; }

rule "clang-format" format
rule "identity changes only in common/priv.c" identity
rule "functions that must not be used" banned
rule "nothing unfinished" unfinished
rule "include arrows: sendmail -> common <- deliver" arrows
rule "includes are written from the top" includes_from_top
rule "no file over 500 lines" long_files
rule "no function over 100 lines" long_functions
rule "what takes outside octets apart has a fuzz target (tests/fuzz/README)" fuzzed
rule "no threads" threads
rule "the parent parses no message" parent_parses_nothing
rule "shellcheck" shell
rule "cppcheck" check_c
pkg-config --exists gmime-3.0 ||
	echo "skip: clang-tidy of deliver/mime: no libgmime-3.0-dev here"
rule "clang-tidy" tidy
echo "lint: $passed passed, $failed failed"
[ $failed = 0 ]
