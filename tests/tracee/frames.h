/* frames - where in its program a process stands (x86-64, with libdw). */
#ifndef TESTS_TRACEE_FRAMES_H
#define TESTS_TRACEE_FRAMES_H
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define FRAMES_LOADER 1 /* the program itself is not on the stack yet */

/* A sum of the return addresses on its stack that are the program's own, its
 * libraries' left out, of the innermost 16; never 0.  The process is stopped.
 */
uint32_t frames_site(pid_t, const struct user_regs_struct *);
/* It has ended, or is another program now. */
void frames_forget(pid_t);
#endif
