#include "deliver/setup/source.h"
#include "common/conf_lex.h"
#include <string.h>

const struct source sources[] = {
	{ "postfix", "Postfix", { "/etc/postfix/main.cf", "/etc/mailname" },
	    postfix_parse },
	{ "exim4", "Exim",
	    { "/etc/exim4/update-exim4.conf.conf", "/etc/exim4/passwd.client",
		"/etc/email-addresses", "/etc/mailname", "/etc/hostname" },
	    exim4_parse },
	{ "dma", "dma", { "/etc/dma/dma.conf", "/etc/dma/auth.conf" },
	    dma_parse },
	{ "nullmailer", "nullmailer",
	    { "/etc/nullmailer/remotes", "/etc/nullmailer/defaultdomain",
		"/etc/nullmailer/adminaddr", "/etc/nullmailer/me",
		"/etc/nullmailer/helohost", "/etc/nullmailer/allmailfrom",
		"/etc/nullmailer/queuelifetime", "/etc/mailname" },
	    nullmailer_parse },
	{ "msmtp", "msmtp", { "/etc/msmtprc" }, msmtp_parse },
};
const size_t nsources = sizeof sources / sizeof *sources;

const struct source *
source_named(const char *name)
{
	for (size_t i = 0; i < nsources; i++)
		if (strcmp(sources[i].name, name) == 0)
			return &sources[i];
	return NULL;
}

bool
source_text(const struct source_files *f, struct span path, struct span *text)
{
	for (size_t i = 0; i < f->n; i++)
		if (span_eq(span_of(f->file[i].path), path)) {
			*text = f->file[i].text;
			return true;
		}
	*text = SPAN("");
	return false;
}

static bool
named(const char *row, struct span name)
{
	size_t len = strlen(row);

	if (len && row[len - 1] == '*')
		return span_starts(name, (struct span){ row, len - 1 });
	return span_ieq(span_of(row), name);
}

void
source_unknown(struct plan *p, const char *path, const struct setting *s,
    const struct known *rows, size_t n)
{
	char shown[CONF_SHOWN];
	const char *why = "nothing here is like it.";

	for (size_t i = 0; i < n; i++)
		if (named(rows[i].name, s->name)) {
			if (rows[i].why == NULL)
				return;
			why = rows[i].why;
			break;
		}
	plan_note(p, "%s:%u: %s is left out: %s", path, s->line,
	    conf_show(s->name, shown), why);
}

bool
source_line(struct span *rest, unsigned *line, struct span *text)
{
	while (rest->ptr && rest->len) {
		*text = span_trim(span_cut(rest, '\n'));
		++*line;
		if (text->len && text->ptr[0] != '#')
			return true;
	}
	return false;
}

bool
source_word(struct span *rest, struct buf *out)
{
	struct span s = span_trim(*rest);
	char quote = '\0';
	size_t i = 0;

	buf_reset(out);
	for (; i < s.len; i++) {
		char c = s.ptr[i];

		if (quote == '\0' && (c == ' ' || c == '\t'))
			break;
		if (quote == '"' && c == '\\' && i + 1 < s.len &&
		    (s.ptr[i + 1] == '"' || s.ptr[i + 1] == '\\'))
			buf_chr(out, s.ptr[++i]);
		else if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? '\0' : c;
		else
			buf_chr(out, c);
	}
	*rest = span_from(s, i);
	return i > 0;
}

struct span
source_unquote(struct span s)
{
	if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
	    s.ptr[s.len - 1] == s.ptr[0])
		return (struct span){ s.ptr + 1, s.len - 2 };
	return s;
}

bool
source_yes(struct span s)
{
	return span_ieq(s, SPAN("yes")) || span_ieq(s, SPAN("true")) ||
	       span_ieq(s, SPAN("on")) || span_eq(s, SPAN("1"));
}
