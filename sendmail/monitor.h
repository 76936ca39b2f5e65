/* monitor - mailq --check: one line on standard output for a program that
 * watches machines, and an exit status that such programs know. */
#ifndef SENDMAIL_MONITOR_H
#define SENDMAIL_MONITOR_H

enum { MONITOR_OK, MONITOR_WARNING, MONITOR_CRITICAL, MONITOR_UNKNOWN };

/* age: how old, in seconds, a message may be; 0: as the setting says.  The exit
 * status.  Asks the agent; where none answers root looks for himself. */
int monitor(long age);
#endif
