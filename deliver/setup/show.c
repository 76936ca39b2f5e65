#include "deliver/setup/show.h"
#include "common/printable.h"
#include <stdio.h>
#include <string.h>

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
show_file(const char *path, const char *who, struct span text)
{
	printf("%s (%s):\n\n", path, who);
	show_lines(text, "    ");
	puts("");
}
