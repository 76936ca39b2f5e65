/* maincf - Postfix's main.cf: logical lines, the last value of a name counts,
 * $name, ${name} and $(name) stand for values; and its maps as text. */
#ifndef DELIVER_SETUP_MAINCF_H
#define DELIVER_SETUP_MAINCF_H
#include "deliver/setup/source.h"

enum { MAINCF_MOST = 400 };

struct maincf {
	struct setting all[MAINCF_MOST]; /* values with their line ends */
	size_t n;
	bool too_many;
};

void maincf_read(struct span text, struct maincf *);
/* Appends the value, with what stands in it for others, its line ends as
 * blanks.  False: it is not set. */
bool maincf_get(const struct maincf *, const char *name, struct buf *);
/* The same as it stands there: of mailbox_command a $ is the shell's. */
bool maincf_raw(const struct maincf *, const char *name, struct buf *);

/* A map as it stands in a value: "hash:/etc/postfix/x", whose text is at the
 * path; or the path is empty, when it is none that is text. */
struct maincf_map {
	struct span type, path;
};
/* The next of a list, parted by commas and blanks. */
bool maincf_map(struct span *list, struct maincf_map *);
/* Next line of a map's text: key, blanks, value. */
bool maincf_entry(
    struct span *text, unsigned *line, struct span *key, struct span *value);
/* A sentence for a setting that nothing is made of. */
void postfix_unknown(struct plan *, const char *path, const struct setting *);
#endif
