# Bellman.  `make help` lists the targets.
O = build
CC = gcc
AR = ar
PKG_CONFIG = pkg-config
PREFIX = /usr
SYSCONFDIR = /etc
CFLAGS = -O2 -g
HARDEN = -fPIE -fstack-protector-strong -fcf-protection -D_FORTIFY_SOURCE=3
LDHARDEN = -pie -Wl,-z,relro,-z,now,--as-needed
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Werror=implicit
# Asked once, when first needed: `make deps install` has installed the answer.
once = $(eval $1 := $$(shell { $2; } 2>/dev/null))$($1)
BSD_CFLAGS = $(call once,BSD_CFLAGS,$(PKG_CONFIG) --cflags libbsd-overlay)
BSD_LIBS = $(call once,BSD_LIBS,$(PKG_CONFIG) --libs libbsd-overlay)
LIBRARIES = libcares tdb openssl libgsasl $(IDN2)
DELIVER_LIBS = $(call once,DELIVER_LIBS,$(PKG_CONFIG) --libs $(LIBRARIES)) -ldl
# Without it (or with `make IDN2=`) mail to a domain that is not ASCII waits.
IDN2 = $(call once,IDN2,$(PKG_CONFIG) --exists libidn2 && echo libidn2)
BUILT_WITH = $(call once,BUILT_WITH,for l in $(LIBRARIES); do \
	echo $$$$l-`$(PKG_CONFIG) --modversion $$$$l`; done | xargs)
# sendmail is run a thousand times for each other program, and most of what it
# costs is to start: a third less without the dynamic linker.  Where libc cannot
# be linked statically libbsd is, and where that cannot be, neither.
STATIC_BSD = -Wl,-Bstatic -lbsd -lmd -Wl,-Bdynamic
# Asked with memset: that of 32 bits' static libc is none that a static-pie can call.
links = echo 'int main(int n, char **v) { char b[64]; (void)v; memset(b, 0, n); return b[n]; }' | \
	$(CC) -O2 -include string.h -x c - -o /dev/null $(HARDEN) $(LDFLAGS) $1
SENDMAIL_LIBS = $(call once,SENDMAIL_LIBS,\
	$(if $(findstring sanitize,$(LDFLAGS)),false,$(call links,$(STATIC_ALL))) && \
	echo $(STATIC_ALL) || { $(call links,$(STATIC_BSD)) && \
	echo $(STATIC_BSD); } || $(PKG_CONFIG) --libs libbsd-overlay)
STATIC_ALL = -static-pie -lbsd -lmd
# clang warns of the second of two words for one thing.
SENDMAIL_LDHARDEN = $(filter-out $(if $(findstring -static-pie,$(SENDMAIL_LIBS)),-pie),$(LDHARDEN))

# deliver-mime is a program of its own, and the only one that links GMime.
# Without that library all else is built, and says what it cannot do.
GMIME = $(call once,GMIME,$(PKG_CONFIG) --exists gmime-3.0 && echo gmime-3.0)
GMIME_CFLAGS = $(call once,GMIME_CFLAGS,$(PKG_CONFIG) --cflags $(GMIME) libbsd-overlay)
GMIME_LIBS = $(if $(GMIME),$(call once,GMIME_LIBS,$(PKG_CONFIG) --libs $(GMIME)))
MIME_PROGRAM = $(if $(GMIME),$O/deliver/mime/deliver-mime)

.DEFAULT_GOAL = all
PROGRAMS = $O/sendmail/sendmail $O/deliver/deliver $(MIME_PROGRAM)
.SECONDEXPANSION:
all: $$(PROGRAMS)

help:
	@echo 'make              builds sendmail and deliver in $O'
	@echo 'make demo         shows them at work in a private copy of this machine (root)'
	@echo 'make check        all tests: of modules, then end to end (root)'
	@echo 'make check-faults kills and errors at every system call (root, an hour or two)'
	@echo 'make check-powercut   what a disk may hold after a power cut, by the thousand (root)'
	@echo 'make check-soak   an hour of mixed load and faults: MINUTES=60 (root)'
	@echo 'make check-clock  the same while the clock jumps: MINUTES=60 (root)'
	@echo 'make check-sanitized  modules and stories with ASan and UBSan (root)'
	@echo 'make check-fuzz   each fuzz target for EACH=100 seconds, an hour in all (root)'
	@echo 'make check-valgrind   end to end with each process under memcheck (root)'
	@echo 'make deps         installs the Debian packages that are missing here (root)'
	@echo 'make install      into DESTDIR, or this machine (root); see INSTALL'
	@echo 'make deb          a package for this Debian, in $O'
	@echo 'make check-portable  with other compilers, musl, 32 bits (root)'
	@echo 'make check-deb    installs it over other mailers, and back (root)'
	@echo 'make check-systemd  boots a Debian with it (root)'
	@echo 'make check-callers    runs what sends mail in Debian with it (root)'
	@echo 'make uninstall    removes the programs; mail and settings stay'
	@echo 'make bench        against the floors and other mail systems, in one table (root)'
	@echo 'make bench-scale  100 000 destinations, and a million messages that wait (root)'
	@echo 'make simulate     a day of a mail hub, ten million messages, as a table'
	@echo 'make screens      real messages on terminals, into tests/screens (root)'
	@echo 'make lint         format, static analysis, house rules'
	@echo 'make analyze      gcc -fanalyzer over all parts'
	@echo 'make clean        removes $O'
	@echo
	@echo 'Settings: O=$O CC=$(CC) CFLAGS="$(CFLAGS)" PREFIX=$(PREFIX)'
	@echo '          SYSCONFDIR=$(SYSCONFDIR) DESTDIR='

deps:
	@tests/deps.sh install build check mime
# A sentence that names packages, in place of a page of compiler errors.
need:
	@tests/deps.sh say build

mods = $(patsubst %.c,$O/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
roles = queue net dns user tty setup
ROLE_ARCHIVES = $(roles:%=$O/deliver/%.a)

$O/common.a: $(call mods,common)
$O/sendmail.a: $(call mods,sendmail)
$O/deliver.a: $(call mods,deliver)
$O/deliver/queue.a: $(call mods,deliver/queue)
$O/deliver/net.a: $(call mods,deliver/net)
$O/deliver/dns.a: $(call mods,deliver/dns)
$O/deliver/user.a: $(call mods,deliver/user)
$O/deliver/tty.a: $(call mods,deliver/tty)
$O/deliver/setup.a: $(call mods,deliver/setup)
$O/deliver/mime.a: $(call mods,deliver/mime)
$O/%.a: ; @mkdir -p $(@D); rm -f $@ && $(AR) rcs $@ $^

# The link proves the arrows: sendmail -> common <- deliver.
$O/sendmail/sendmail: $O/sendmail/main.o $O/sendmail.a $O/common.a
	$(CC) $(SENDMAIL_LDHARDEN) $(LDFLAGS) -o $@ $^ $(SENDMAIL_LIBS)
$O/deliver/deliver: $O/deliver/main.o $O/deliver.a $(ROLE_ARCHIVES) $O/common.a
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $O/deliver/main.o -Wl,--start-group \
	    $O/deliver.a $(ROLE_ARCHIVES) -Wl,--end-group $O/common.a \
	    $(BSD_LIBS) $(DELIVER_LIBS)

$O/deliver/mime/deliver-mime: $O/deliver/mime/main.o $O/deliver/mime.a $O/common.a
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(BSD_LIBS) $(GMIME_LIBS)
$O/deliver/mime/%.o $O/tests/fuzz/mime%.o: BSD_CFLAGS = $(GMIME_CFLAGS)
$O/deliver/net/way.o: FEATURES = $(if $(IDN2),,-DWITHOUT_IDN2)
$O/deliver/main.o: FEATURES = -DBUILT_WITH='"$(BUILT_WITH)"'

$O/%.o: %.c | need
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -I. -MMD -MP $(WARN) $(HARDEN) $(BSD_CFLAGS) \
	    $(FEATURES) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
-include $(wildcard $O/*/*.d $O/*/*/*.d)

# Tests: tests/X_test.c is a cmocka program, every other tests/X.c a helper.
# Archives give a program only the modules that it names.
ARCHIVES = $O/sendmail.a $O/deliver.a $(ROLE_ARCHIVES) $O/common.a
TESTS = $(patsubst %.c,$O/%,$(wildcard tests/*_test.c))
HELPERS = $(patsubst %.c,$O/%,$(filter-out %_test.c %/sanitize.c %/direct.c,$(wildcard tests/*.c)))
$O/tests/%_test: $O/tests/%_test.o $(ARCHIVES)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) \
	    -Wl,--end-group $(BSD_LIBS) $(DELIVER_LIBS) -lcmocka
$O/tests/%: $O/tests/%.o
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(BSD_LIBS)
# Without libdw the stories that need it say that they are left out.
LIBDW = $(call once,LIBDW,$(PKG_CONFIG) --exists libdw && echo -ldw -lelf)
$O/tests/amiss: $O/tests/amiss.o $(call mods,tests/tracee)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(BSD_LIBS) $(LIBDW)
$O/tests/amiss.o $O/tests/tracee/%.o: FEATURES = $(if $(LIBDW),,-DWITHOUT_LIBDW)
# A day of a mail hub: the modules that decide, and in place of those that wait
# the simulation's own, which therefore stand before the archives.
SIMULATE = $(call mods,tests/simulate)
$O/tests/simulate_test: $O/tests/simulate_test.o $(SIMULATE) $(ARCHIVES)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(SIMULATE) -Wl,--start-group \
	    $(ARCHIVES) -Wl,--end-group $(BSD_LIBS) $(DELIVER_LIBS) -lcmocka -lm
$O/tests/simulate/simulate: $O/tests/simulate/main.o $(SIMULATE) $(ARCHIVES)
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $< $(SIMULATE) -Wl,--start-group \
	    $(ARCHIVES) -Wl,--end-group $(BSD_LIBS) $(DELIVER_LIBS) -lm
.SECONDARY:

helpers: $$(PROGRAMS) $(HELPERS)
check:
	@tests/deps.sh install build check mime
	@$(MAKE) -s O=$O helpers bench-tools $(TESTS)
	@O=$O tests/check.sh

# Every system call of a submission and a delivery, each time that it is made, where
# check takes a few of each kind; and homes moved at each of them (48, one of the REST).
# Story 79 goes in PIECES, what an administrator runs in those of SETUP; one in
# ERROR_EVERY from the ERROR_FIRST on, ERROR_HOWS=kill or errors, of what one line of
# the program does again and again so many: ERROR_MOST (tests/FAULTS).
PIECES = pass_parent pass_queue pass_user pass_start_net_dns sendmail stay end again ask bounds show token socket
SETUP = setup fresh message import shown check handoff
REST = 48 53 54 58 78
check-faults: helpers
	@O=$O KILL_MOST=999 ERROR_EVERY=$${ERROR_EVERY:-1} ERROR_MOST=$${ERROR_MOST:-999} STORY_TIME=14400 \
	    tests/check.sh $(foreach p,$(PIECES),"tests/79-errors.sh $(subst _, ,$p)") \
	    $(foreach p,$(SETUP),"tests/79-errors-setup.sh $(subst _, ,$p)") \
	    $(foreach n,$(REST),tests/$n-*.sh)

# Thousands of what a disk may hold after a power cut (tests/powercut/README),
# where check takes 30: RUNS recordings, IMAGES of each, from SEED on; and what real
# ones have on the disk, SNAPSHOTS of each of three file systems.
RUNS = 4
IMAGES = 1000
SNAPSHOTS = 100
check-powercut: SEED = $(shell date +%s)
check-powercut: helpers
	@failed=0; for n in $$(seq $(RUNS)); do \
	    O=$O STORY_TIME=3600 POWERCUT_IMAGES=$(IMAGES) POWERCUT_SEED=$$(($(SEED) + n)) \
	        tests/check.sh tests/76-power-cut.sh || failed=1; done; \
	    O=$O STORY_TIME=3600 SNAPSHOTS=$(SNAPSHOTS) tests/check.sh tests/76-snapshots.sh || failed=1; exit $$failed

# Mixed load, with all that can go wrong going wrong now and then; tests/soak.py.
MINUTES = 60
check-soak: SEED = $(shell date +%s)
check-soak: helpers
	@O=$O SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SEED) tests/root.sh tests/soak.sh

# The same on a machine of its own, whose clock jumps; tests/clock.sh.
check-clock: SEED = $(shell date +%s)
check-clock:
	@tests/deps.sh install build mime check clock
	@tests/fetch.sh $O kernel
	@$(MAKE) -s O=$O helpers $O/tests/machine/init
	@O=$O SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SEED) tests/clock.sh

# A tree of its own with sanitizers, their options linked in: the modules' tests and
# the stories that meet most of the code in little time; all that do not count system
# calls: STORIES='tests/[1-7]*.sh'.
STORIES = $(foreach n,11 13 14 20 30 31 33 35 37 38 39 42 44 46 47 55 60 61 62 66 72,tests/$n-*.sh)
SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
in-sanitized = @$(MAKE) -s O=$O-asan HARDEN= CFLAGS="-O1 -g1 $(SAN)" LDHARDEN= \
	    LDFLAGS="$(SAN) $(abspath $O-asan)/tests/sanitize.o" $1
sanitized:
	$(call in-sanitized,sanitize-all)
check-sanitized:
	@tests/deps.sh install build check mime
	$(call in-sanitized,sanitize-check)
sanitize-all:
	@$(MAKE) -s O=$O LDFLAGS= $O/tests/sanitize.o
	@$(MAKE) -s O=$O helpers $(TESTS)
sanitize-check: sanitize-all
	@O=$O SANITIZED=1 CRASH_SUBMITTERS=40 tests/check.sh $(TESTS) \
	    $(filter-out tests/43-% tests/51-% tests/53-% tests/54-% tests/58-%,$(wildcard $(STORIES)))

# Some stories with each of our processes under valgrind's memcheck: a tree of its
# own, in which the sandbox leaves room for it and sendmail is linked dynamically,
# for memcheck to have its malloc in it (tests/watched.c).  Minutes a story: in pieces
# by WATCH=tests/11-recipients.sh.
WATCH = $(foreach n,10 11 12 13 14 15 16 17 20 21 30 31 32 33 34 35 36 37 38 39 40 41 42 44 45 46 47 \
	49 50 52 55-without 57 59 60 61 62 63 65 66 67-fairness 71 72 73 74-handoff 74-setup 75 76-power,tests/$n*.sh)
# What direct.c does in place of valgrind.
DIRECT = syscall setproctitle_init setproctitle
check-valgrind:
	@tests/deps.sh install build check mime valgrind
	@mkdir -p $O/valgrind
	@[ ! -d $O/pkgs ] || ln -sfn ../pkgs $O/valgrind/pkgs
	@$(MAKE) -s O=$O/valgrind CPPFLAGS="-DWATCHED -DCONVERT_TEXT_SECONDS=60" \
	    CFLAGS="-O1 -g" SENDMAIL_LIBS="$(BSD_LIBS)" \
	    LDFLAGS="$(DIRECT:%=-Wl,--wrap=%) $(abspath $O)/valgrind/tests/direct.o" watched-helpers
	@O=$O/valgrind WATCHED=1 JOBS=$${JOBS:-2} STORY_TIME=1800 CRASH_SUBMITTERS=10 tests/check.sh $(wildcard $(WATCH))

watched-helpers:
	@$(MAKE) -s O=$O LDFLAGS= $O/tests/direct.o
	@$(MAKE) -s O=$O helpers bench-tools

# Everything fetched is named; the rest happens in a copy that is thrown away.
demo:
	@tests/deps.sh install build demo mime
	@$(MAKE) -s O=$O helpers
	@O=$O tests/demo.sh

# Floors, this program, and other mail systems: see tests/bench/README.  Linked
# statically, the tools start the same way in any root.
BENCH = $(patsubst %.c,$O/%,$(wildcard tests/bench/*.c))
$O/tests/bench/%.o $O/tests/machine/%.o: BSD_CFLAGS =
$(BENCH) $O/tests/machine/init: %: %.o
	$(CC) -static -o $@ $<
bench-tools: $(BENCH)
bench:
	@tests/deps.sh install build mime bench
	@$(MAKE) -s O=$O helpers bench-tools
	@O=$O ROUNDS="$(ROUNDS)" PEERS="$(PEERS)" \
	    TESTS="$(if $(filter command%,$(origin TESTS)),$(TESTS))" RT="$(RT)" LESS="$(LESS)" tests/bench/run.sh

# As many destinations as messages, through DNS: N=100000.  And WAITING=1000000
# for a destination that does not answer (root, minutes, memory for files).
bench-scale: helpers
	@O=$O tests/root.sh env N=$${N:-100000} $(CURDIR)/tests/bench/destinations.sh
	@O=$O tests/root.sh env N=$${WAITING:-1000000} $(CURDIR)/tests/bench/waiting.sh

# What real messages look like on terminals, for people to look at (story 45).
screens: helpers
	@O=$O DISK=tests/screens tests/root.sh env SCREENS_TO=/disk $(CURDIR)/tests/45-readable.sh

# Ten million messages on a clock that does not wait (tests/simulate/README).
SEED = 1
simulate: $O/tests/simulate/simulate
	@$O/tests/simulate/simulate $(SEED)

lint:
	@tests/deps.sh say build check lint
	@O=$O tests/lint.sh

# gcc -fanalyzer, by itself: 66 s of the processor for all 218 files the first time,
# then what has changed.
# In pieces: FILES=deliver/queue/*.c
analyze:
	@tests/deps.sh say build mime
	@O=$O tests/analyze.sh $(FILES)

# One fuzz target: clang, the modules instrumented for coverage.
FUZZ = $(patsubst %.c,$O/%,$(filter-out $(if $(GMIME),,%/mime_fuzz.c %/mimetext_fuzz.c),$(wildcard tests/fuzz/*_fuzz.c)))
$O/tests/fuzz/%_fuzz: $O/tests/fuzz/%_fuzz.o $(ARCHIVES)
	$(CC) $(LDFLAGS) $(WRAP) -fsanitize=fuzzer -o $@ $< -Wl,--start-group \
	    $(ARCHIVES) -Wl,--end-group $(BSD_LIBS) $(DELIVER_LIBS)
# The parent's children are the target's.
$O/tests/fuzz/parent_fuzz: WRAP = -Wl,--wrap=role_fork
$O/tests/fuzz/submit_fuzz: WRAP = -Wl,--wrap=execve
$O/tests/fuzz/mime%_fuzz: $O/tests/fuzz/mime%_fuzz.o $O/deliver/mime.a $O/common.a
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(BSD_LIBS) $(GMIME_LIBS)
$O/tests/fuzz/mime_fuzz: $O/tests/fuzz/mime_fuzz.o $O/deliver/mime.a $O/common.a
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(BSD_LIBS) $(GMIME_LIBS)
fuzz: $$(FUZZ)
# All of them, for so many seconds each; an hour is EACH=100.  What they find is kept
# by tests/fuzz/keep.sh build-fuzz.
EACH = 100
check-fuzz:
	@tests/deps.sh install build check mime lint
	@$(MAKE) -s O=$O-fuzz CC=clang HARDEN= LDHARDEN= \
	    CFLAGS="-O1 -g1 -Werror -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" \
	    LDFLAGS="-fsanitize=address,undefined" fuzz
	@tests/fuzz/run.sh $O-fuzz $(EACH)

# By a make of its own, which sees what `make deps install` has just installed.
install:
	@$(MAKE) -s O=$O all
	@PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DESTDIR=$(DESTDIR) \
	    DIVERT=$(DIVERT) O=$O ./install.sh install
uninstall:
	@PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) DESTDIR=$(DESTDIR) \
	    ./install.sh uninstall

# In a copy of the tree: the package's build leaves nothing in this one.
deb:
	@tests/deps.sh install build mime deb
	@rm -rf $O/deb && mkdir -p $O/deb/bellman
	@tar -cf - --exclude=.git --exclude='./build*' . | tar -xf - -C $O/deb/bellman
	@cd $O/deb/bellman && dpkg-buildpackage -b -us -uc >../build.log 2>&1 || \
	    { tail -n 30 ../build.log; exit 1; }
	@mv -f $O/deb/bellman_*.deb $O/ && ls $O/bellman_*.deb

# Other compilers, musl, 32 bits, fewer libraries; not part of check: it takes
# minutes, and the mirror for what musl and 32 bits need.
check-portable:
	@tests/deps.sh install build mime check portable || true
	@O=$O tests/portable.sh

# Over other mailers and back, in roots of their own; not part of check: it takes
# minutes and the mirror.  These four in pieces: PARTS='compilers fewer' for the one
# above, ONLY='upgrade postfix' for these, and ROWS='cron at' of check-callers.
check-deb: deb helpers
	@tests/deps.sh install debcheck
	@lintian --fail-on error,warning $O/bellman_*.deb
	@O=$O tests/deb.sh

# What only a systemd that runs can show, on one in namespaces of its own.
check-systemd: deb helpers
	@tests/deps.sh install debcheck
	@O=$O tests/systemd.sh
# Cron, git, PHP, smartd and others of Debian in roots where systemd runs; also
# minutes, and the mirror the first time.
check-callers: deb helpers
	@tests/deps.sh install debcheck
	@O=$O tests/callers-fresh.sh

clean:
	rm -rf $O
.PHONY: all help deps need helpers check check-faults check-powercut check-soak check-clock check-valgrind \
	watched-helpers sanitized sanitize-all sanitize-check demo bench \
	bench-scale bench-tools simulate screens lint analyze fuzz install uninstall deb check-deb check-systemd \
	check-callers check-portable clean
