#include "deliver/setup/show.h"
#include "common/printable.h"
#include "common/wrap.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 4096

void
show_lines(struct span rest, const char *indent)
{
	struct buf b = { 0 };

	while (rest.ptr && rest.len) {
		struct span line = span_cut(&rest, '\n');
		size_t tabs = 0;

		while (tabs < line.len && line.ptr[tabs] == '\t')
			tabs++;
		buf_reset(&b);
		printable_add(&b, span_from(line, tabs), WIDTH);
		printf("%s%*s%s\n", indent, (int)(tabs < 8 ? tabs * 8 : 0), "",
		    buf_c(&b));
	}
	buf_free(&b);
}

void
show_text(struct span rest, const char *indent)
{
	struct buf b = { 0 }, out = { 0 };

	while (rest.ptr && rest.len) {
		buf_reset(&b);
		buf_str(&b, indent);
		printable_add(&b, span_cut(&rest, '\n'), WIDTH);
		wrap_lines(&out, wrap_window(STDOUT_FILENO), buf_view(&b));
	}
	fputs(buf_c(&out), stdout);
	buf_free(&b);
	buf_free(&out);
}

void
show_file(const char *path, const char *who, struct span text)
{
	struct buf head = { 0 };

	buf_fmt(&head, "%s (%s):", path, who);
	show_text(buf_view(&head), "");
	puts("");
	show_lines(text, "    ");
	puts("");
	buf_free(&head);
}
