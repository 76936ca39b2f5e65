/* role - which of our processes one is. */
#ifndef TESTS_TRACEE_ROLE_H
#define TESTS_TRACEE_ROLE_H
#include <stdbool.h>
#include <sys/types.h>

/* The word after "deliver: " in its title, "parent" for the first, or, before
 * there is a title, "start"; else the name of the program. */
void role_of(pid_t, bool first, char name[32]);
/* This process becomes that user, without groups and new privileges. */
int role_user(const char *name);
#endif
