/* libFuzzer: any challenges from a server, to every mechanism.  Each is
 * answered by one bounded line, which never holds the password as it is; and
 * what a command prints is a token, or none.  0xff parts challenges. */
#include "deliver/net/auth.h"
#include "deliver/net/token.h"
#include "tests/fuzz/must.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
one_line(struct buf *line)
{
	must(!line->bad && line->len >= 2 && line->len <= AUTH_LINE + 2);
	must(memcmp(line->ptr + line->len - 2, "\r\n", 2) == 0);
	must(memchr(line->ptr, '\n', line->len - 1) == NULL);
	must(memmem(line->ptr, line->len, "pencil", 6) == NULL);
	buf_reset(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, token;
	struct auth_want want = { .user = "user",
		.password = "pencil",
		.token = "pencil.token",
		.host = "h",
		.port = "25",
		.clear = true,
		.cert = true,
		.exporter = SPAN("0123456789abcdef") };
	struct buf line = { 0 };
	struct auth *a;
	int64_t seconds;

	if (size == 0)
		return 0;
	if (token_parse(rest, &token, &seconds) == 0)
		must(token.len > 0 && token.len <= TOKEN_OCTETS && seconds > 0);
	want.offered = auth_offered(rest);
	want.offered |= 1u << (data[0] % AUTH_MECHS);
	a = auth_new(&want);
	must(a != NULL && auth_begin(a, &line) == 0);
	one_line(&line);
	rest = span_from(rest, 1);
	while (rest.ptr != NULL) {
		struct span text = span_cut(&rest, (char)0xff);

		if (text.len == 3 && text.ptr[0] == '5') { /* it says no */
			if (auth_ended(a, 504) != AUTH_NEXT ||
			    auth_begin(a, &line) == -1)
				break;
		} else {
			auth_step(a, text, &line);
		}
		one_line(&line);
	}
	auth_free(a);
	buf_free(&line);
	return 0;
}
