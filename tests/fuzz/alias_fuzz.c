#include "common/addr.h"
#include "common/alias.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
claim(bool so)
{
	if (!so)
		abort();
}

/* Each item is what its kind says, and can be written into one line. */
static void
items(struct alias_list list)
{
	struct alias_item item = { 0 };
	unsigned line = list.line;
	struct addr a;

	while (alias_item(&list, &item) == 1) {
		struct span s = buf_view(&item.text);

		claim(item.line >= line && list.line >= item.line);
		line = item.line;
		claim((item.kind == ALIAS_BROKEN) == (item.wrong != NULL));
		if (item.wrong)
			continue;
		claim(s.len > 0 && s.len <= ALIAS_ITEM_MAX);
		for (size_t i = 0; i < s.len; i++)
			claim((unsigned char)s.ptr[i] >= ' ');
		claim(!item.last || item.kind == ALIAS_ADDRESS);
		if (item.kind == ALIAS_ADDRESS)
			claim(addr_parse(s, &a) == ADDR_OK && s.ptr[0] != '<');
		else if (item.kind != ALIAS_COMMAND)
			claim(s.ptr[0] == '/');
	}
	claim(list.rest.len == 0);
	alias_item_free(&item);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = { (const char *)bytes, len }, rest = text;
	struct alias_entry e = { 0 };
	unsigned line = 0, before = 0, lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	while (alias_next(&rest, &line, &e) == 1) {
		claim(e.line > before && line >= e.line && line <= lines);
		before = line;
		if (e.wrong)
			continue;
		claim(e.name.len > 0 && e.name.len <= ALIAS_NAME_MAX);
		items(alias_items(&e));
	}
	claim(rest.len == 0);
	alias_entry_free(&e);
	items(alias_lines(text));
	return 0;
}
