/* state - what is worth keeping across a restart and not worth a sync: rates,
 * when which alert was told, what net wants to be kept.  One tdb that only the
 * queue role opens.  It is a cache: one that cannot be opened or is damaged is
 * moved aside, and begun anew; where none can be had at all, everything works
 * and forgets. */
#ifndef DELIVER_QUEUE_STATE_H
#define DELIVER_QUEUE_STATE_H
#include "common/span.h"
#include <stdint.h>

#ifndef STATE_PATH
#define STATE_PATH "/var/lib/bellman/state.tdb"
#endif

struct state;

/* Never NULL but when memory ran out; every call takes NULL. */
struct state *state_open(const char *path);
void state_close(struct state *);
/* A number that was put under that key, or none. */
int64_t state_get(struct state *, const char *key, int64_t none);
void state_put(struct state *, const char *key, int64_t value);
/* Octets with a number, which state_get finds as well.  Of those whose key
 * begins with head there are at most so many: those with the least numbers go.
 */
void state_keep(struct state *, const char *head, const char *key,
    int64_t value, struct span octets, size_t most);
/* All of them, in no order: key without head.  each must not call state. */
void state_each(struct state *, const char *head,
    void (*each)(void *arg, struct span key, int64_t value, struct span octets),
    void *arg);
/* Forgets all whose key begins with head and whose value is below least. */
void state_prune(struct state *, const char *head, int64_t least);
#endif
