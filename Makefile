# Bellman.  `make help` lists the targets.
O = build
CC = gcc
AR = ar
PKG_CONFIG = pkg-config
PREFIX = /usr
SYSCONFDIR = /etc
CFLAGS = -O2 -g
HARDEN = -fPIE -fstack-protector-strong -fcf-protection -D_FORTIFY_SOURCE=2
LDHARDEN = -pie -Wl,-z,relro,-z,now,--as-needed
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Werror=implicit
BSD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libbsd-overlay 2>/dev/null)
BSD_LIBS := $(shell $(PKG_CONFIG) --libs libbsd-overlay 2>/dev/null)
DELIVER_LIBS := $(shell $(PKG_CONFIG) --libs libcares 2>/dev/null) -ldl

.DEFAULT_GOAL = all
all: $O/sendmail/sendmail $O/deliver/deliver

mods = $(patsubst %.c,$O/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
roles = queue net dns user tty
ROLE_ARCHIVES = $(roles:%=$O/deliver/%.a)

$O/common.a: $(call mods,common)
$O/sendmail.a: $(call mods,sendmail)
$O/deliver.a: $(call mods,deliver)
$O/deliver/queue.a: $(call mods,deliver/queue)
$O/deliver/net.a: $(call mods,deliver/net)
$O/deliver/dns.a: $(call mods,deliver/dns)
$O/deliver/user.a: $(call mods,deliver/user)
$O/deliver/tty.a: $(call mods,deliver/tty)
$O/%.a: ; @mkdir -p $(@D); rm -f $@ && $(AR) rcs $@ $^

# The link proves the arrows: sendmail -> common <- deliver.
$O/sendmail/sendmail: $O/sendmail/main.o $O/sendmail.a $O/common.a
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(BSD_LIBS)
$O/deliver/deliver: $O/deliver/main.o $O/deliver.a $(ROLE_ARCHIVES) $O/common.a
	$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $O/deliver/main.o -Wl,--start-group \
	    $O/deliver.a $(ROLE_ARCHIVES) -Wl,--end-group $O/common.a \
	    $(BSD_LIBS) $(DELIVER_LIBS)

$O/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -I. -MMD -MP $(WARN) $(HARDEN) $(BSD_CFLAGS) \
	    $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
-include $(wildcard $O/*/*.d $O/*/*/*.d)

clean:
	rm -rf $O
.PHONY: all clean
