/* signals - the parent's, as events of its loop. */
#ifndef DELIVER_SIGNALS_H
#define DELIVER_SIGNALS_H
#include "deliver/loop.h"

/* Blocks CHLD, HUP, INT and TERM and has ready() called when one came, with a
 * signalfd(2) to read: 0, or -1. */
int signals_watch(
    struct loop_fd *, void (*ready)(struct loop_fd *, uint32_t events));
#endif
