/* confine - what the terminal writer may still do once it knows whom to write
 * to, before it reads an octet of the message. */
#ifndef DELIVER_TTY_CONFINE_H
#define DELIVER_TTY_CONFINE_H
#include <stdbool.h>

/* Opens nothing but for writing beneath devfd (Landlock), makes no calls but
 * those that writing takes (seccomp), few descriptors, 5 seconds of CPU.
 * 1: but for the files, this kernel has no Landlock; -1 with errno: it failed.
 */
int confine(int devfd);
#endif
