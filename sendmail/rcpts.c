#include "sendmail/rcpts.h"
#include "common/addr.h"
#include "common/crc.h"
#include "common/printable.h"
#include <errno.h>
#include <stdlib.h>

int
rcpts_qualify(
    struct span text, const char *domain, struct buf *out, struct buf *why)
{
	struct addr a;
	enum addr_error e = addr_parse(text, &a);

	if (e != ADDR_OK) {
		buf_chr(why, '"');
		printable_add(why, text, 200);
		buf_fmt(why, "\" is no address: %s", addr_error_text(e));
		return -1;
	}
	buf_span(out, a.local);
	buf_chr(out, '@');
	if (a.domain.len)
		buf_span(out, a.domain);
	else
		buf_str(out, domain);
	return 0;
}

static size_t
place(const struct rcpts *r, struct span addr)
{
	size_t at = crc32c(0, addr.ptr, addr.len) & (r->nslots - 1);

	while (r->slot[at] &&
	       !span_eq(addr, span_of(r->env->rcpts[r->slot[at] - 1].addr)))
		at = (at + 1) & (r->nslots - 1);
	return at;
}

static int
grow(struct rcpts *r)
{
	uint32_t *old = r->slot;

	r->nslots = r->nslots ? r->nslots * 4 : 64;
	r->slot = calloc(r->nslots, sizeof *r->slot);
	free(old);
	if (r->slot == NULL)
		return -1;
	for (size_t i = 0; i < r->env->nrcpts; i++)
		r->slot[place(r, span_of(r->env->rcpts[i].addr))] =
		    (uint32_t)i + 1;
	return 0;
}

int
rcpts_add(struct rcpts *r, struct span text, struct buf *why)
{
	struct buf addr = { 0 };
	int done = -1;
	size_t at;

	if (rcpts_qualify(text, r->domain, &addr, why) == -1)
		goto out;
	if (r->env->nrcpts >= RCPTS_MAX) {
		buf_fmt(why, "more than %d recipients; send it in parts",
		    RCPTS_MAX);
		goto out;
	}
	if (addr.bad || (r->env->nrcpts * 2 >= r->nslots && grow(r) == -1)) {
		buf_str(why, "no memory for the recipients");
		goto out;
	}
	at = place(r, buf_view(&addr));
	if (r->slot[at] == 0) {
		if (env_add(r->env, buf_view(&addr)) == -1) {
			buf_str(why, errno == EINVAL
					 ? "an address is too long"
					 : "no memory for the recipients");
			goto out;
		}
		r->slot[at] = (uint32_t)r->env->nrcpts;
	}
	done = 0;
out:
	buf_free(&addr);
	return done;
}

void
rcpts_free(struct rcpts *r)
{
	free(r->slot);
}
