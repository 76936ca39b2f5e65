/* libFuzzer: what the machine's own files say, into which users' words come:
 * a line of passwd(5) with the name that chfn takes, the table of mounts,
 * subuid, nsswitch.conf.  The first octet chooses. */
#include "deliver/bounds.h"
#include "deliver/mounts.h"
#include "deliver/subid.h"
#include "sendmail/who.h"
#include "tests/fuzz/must.h"
#include <stdlib.h>
#include <string.h>

/* What is taken can stand in a header line. */
static void
passwd(struct span line)
{
	struct who w = { .login = "" };

	if (!who_line(line, 1001, &w))
		return;
	must(memchr(w.login, '\0', sizeof w.login) && w.login[0]);
	must(memchr(w.fullname, '\0', sizeof w.fullname) != NULL);
	for (const char *p = w.login; *p; p++)
		must((unsigned char)*p > ' ' && *p != 0x7f);
}

static void
subuid(struct span text)
{
	struct subids s;

	if (subid_parse(text, &s) == -1)
		return;
	for (size_t i = 0; i < s.n; i++) {
		must(s.all[i].first >= SUBID_FIRST &&
		     s.all[i].first <= s.all[i].last);
		must(subid_of(&s, SUBID_FIRST - 1) == SUBID_FIRST - 1);
	}
	free(s.all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes + 1, len - 1 }, far;

	if (len == 0)
		return 0;
	switch (bytes[0] % 4) {
	case 0:
		passwd(text);
		break;
	case 1:
		(void)mounts_local(text, "/home/alice/mail");
		break;
	case 2:
		far = bounds_far_names(text);
		must(far.len == 0 || !who_all_here(text));
		must(far.len == 0 ||
		     (far.ptr >= text.ptr &&
			 far.ptr + far.len <= text.ptr + text.len));
		break;
	default:
		subuid(text);
	}
	return 0;
}
