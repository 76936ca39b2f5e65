/* calls - the system calls that amiss knows by name (x86-64), and errors. */
#ifndef TESTS_TRACEE_CALLS_H
#define TESTS_TRACEE_CALLS_H

const char *call_name(long number); /* of one without a name "sys_NUMBER" */
long call_number(const char *name); /* -1: not known */
int errno_of(const char *error);    /* or it ends the program */
#endif
