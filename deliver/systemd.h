/* systemd - what a service manager and its service say to each other, without a
 * library: sd_listen_fds(3) and sd_notify(3).  Elsewhere all of it does
 * nothing. */
#ifndef DELIVER_SYSTEMD_H
#define DELIVER_SYSTEMD_H

/* Reads the environment, before it is cleared and before other files are
 * opened: the descriptors that were passed, and whom to tell. */
void systemd_take(void);
/* The listening Unix socket of that path and type among them, non-blocking, or
 * -1. */
int systemd_socket(const char *path, int type);
/* "READY=1", "STOPPING=1" */
void systemd_notify(const char *state);
#endif
