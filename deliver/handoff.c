#include "deliver/handoff.h"
#include "common/printable.h"
#include "common/spool.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define NAME "handoff"
#define FOREVER INT32_MAX /* 68 years, in every long */

static int
wrong(struct buf *why, const char *to, const char *what)
{
	buf_str(why, "--handoff ");
	printable_add(why, span_of(to), 256);
	buf_fmt(why, ": %s", what);
	return -1;
}

/* A block for a host, as bellman.conf has it. */
static int
host_block(const char *to, struct buf *text)
{
	struct span rest = span_of(to), host, port = SPAN("25");

	if (rest.len && rest.ptr[0] == '[') { /* [2001:db8::1]:25 */
		rest = span_from(rest, 1);
		host = span_cut(&rest, ']');
		if (rest.len && rest.ptr[0] == ':')
			port = span_from(rest, 1);
	} else {
		host = span_cut(&rest, ':');
		if (rest.ptr)
			port = rest;
	}
	for (size_t i = 0; to[i]; i++)
		if (strchr(" \t\n\r;{}\"\\#", to[i]))
			return -1;
	buf_str(text, "relay " NAME " {\n\thost ");
	buf_span(text, host);
	buf_chr(text, ' ');
	buf_span(text, port);
	buf_str(text, "\n\ttls opportunistic\n\tterminal yes\n}\n");
	return text->bad ? -1 : 0;
}

static int
add_host(struct conf *c, const char *to, struct buf *why)
{
	struct buf text = { 0 }, what = { 0 };
	struct conf with = { 0 };
	struct conf_relay *more;
	int rc = -1;

	if (host_block(to, &text) == -1 ||
	    conf_parse(buf_view(&text), NAME, &with, &what) == -1) {
		wrong(why, to,
		    "that is no relay of the settings and no HOST or "
		    "HOST:PORT");
	} else if ((more = reallocarray(
			c->relays, c->nrelays + 1, sizeof *more)) == NULL) {
		wrong(why, to, strerror(errno));
	} else {
		c->relays = more;
		for (size_t i = 0; i < with.nrelays; i++)
			if (strcmp(with.relays[i].name, NAME) == 0) {
				c->relays[c->nrelays++] = with.relays[i];
				with.relays[i] = (struct conf_relay){ 0 };
				rc = 0;
			}
	}
	conf_free(&with);
	buf_free(&text);
	buf_free(&what);
	return rc;
}

int
handoff_settings(struct conf *c, const char *to, struct buf *why)
{
	const struct conf_relay *r = conf_relay(c, to);

	if (r && r->nhosts == 0)
		return wrong(why, to, "that relay has no host");
	if (r == NULL && conf_relay(c, NAME))
		return wrong(why, to,
		    "the settings have a relay of the name " NAME
		    "; call it otherwise, or say " NAME);
	if (r == NULL && add_host(c, to, why) == -1)
		return -1;
	c->handoff = strdup(r ? to : NAME);
	if (c->handoff == NULL)
		return wrong(why, to, strerror(errno));
	for (size_t i = 0; i < c->nsenders_as; i++) {
		free(c->senders_as[i].pattern);
		free(c->senders_as[i].phrase);
		free(c->senders_as[i].addr);
	}
	c->nsenders_as = 0;
	c->hold = false;
	c->warn = 0;
	c->give_up = FOREVER;
	return 0;
}

static int
count(const char *path, size_t *n)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int rc = -1;

	if (d) {
		while ((errno = 0, e = readdir(d)) != NULL)
			*n += spool_id_valid(e->d_name);
		rc = errno ? -1 : 0;
		closedir(d);
	}
	return rc;
}

static int
waiting(size_t *n)
{
	*n = 0;
	if (count(SPOOL_DIR "/drop", n) == 0 &&
	    count(SPOOL_DIR "/queue", n) == 0)
		return 0;
	fprintf(stderr, "deliver: what waits in %s cannot be counted: %s\n",
	    SPOOL_DIR, strerror(errno));
	return -1;
}

static void
tell(size_t before, size_t left)
{
	printf("%zu of %zu messages are gone, %zu wait\n",
	    before > left ? before - left : 0, before, left);
	fflush(stdout);
}

/* A second at a time; what comes meanwhile is counted among those that wait. */
static int
watch(pid_t pid, size_t before)
{
	const struct timespec second = { .tv_sec = 1 };
	size_t last = before, left;
	int status;
	pid_t ended;

	signal(SIGINT, SIG_IGN); /* the agent has it from the terminal, too */
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 ||
	       (ended == -1 && errno == EINTR)) {
		nanosleep(&second, NULL);
		if (waiting(&left) == 0 && left != last) {
			tell(before, left);
			last = left;
		}
	}
	if (!WIFEXITED(status)) {
		fputs("deliver: the pass was ended by a signal; what that host "
		      "has not taken is here as it was\n",
		    stderr);
		return EX_SOFTWARE;
	}
	if (WEXITSTATUS(status))
		return WEXITSTATUS(status);
	if (waiting(&left) == -1)
		return EX_OSERR;
	tell(before, left);
	if (left)
		puts("What waits is here as it was; `mailq` shows why.");
	return left ? EX_TEMPFAIL : 0;
}

int
handoff_apart(const char *to, int *status)
{
	pid_t parent = getpid(), pid;
	struct buf b = { 0 };
	size_t before;

	if (waiting(&before) == -1) {
		*status = EX_OSFILE;
		return -1;
	}
	printable_add(&b, span_of(to), 256);
	printf("%zu %s for %s\n", before,
	    before == 1 ? "message is" : "messages are", buf_c(&b));
	buf_free(&b);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
		    getppid() != parent) {
			fputs("deliver: the pass would not end with this "
			      "process; nothing was done\n",
			    stderr);
			_exit(EX_TEMPFAIL);
		}
		return 0;
	}
	*status = EX_OSERR;
	if (pid == -1)
		fprintf(stderr, "deliver: cannot fork: %s\n", strerror(errno));
	else
		*status = watch(pid, before);
	return -1;
}
