/* log - one line an event, to syslog's facility mail, queue id first:
 *     ID: event key=value key="quoted value"
 * The connection is opened before privileges go; where no syslog listens the
 * lines go to standard error.  Texts from outside pass through printable. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

void log_open(const char *ident); /* "bellman/queue"; may be called again */
/* Standard error is a person's, who is told in sentences: of the lines only
 * errors go there, from this process and from those it forks. */
void log_for_person(void);
int log_echoes(void); /* do lines go to standard error? */
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
/* "...: error what="..."", to which reason="strerror(errno)" is added. */
void log_errno(const char *, ...) __attribute__((format(printf, 1, 2)));
#endif
