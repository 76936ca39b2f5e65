/* setup_relay - the relay found and tried, each in a process of its own: a walk
 * has one loop, and its roles are its children. */
#include "common/whole.h"
#include "deliver/setup/provider.h"
#include "deliver/setup/setup_in.h"
#include "deliver/setup/show.h"
#include "deliver/walk.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define FOUND_MAX 4096

static void
take(struct setup *s, struct span host, struct span port, bool first_octet)
{
	buf_reset(&s->host);
	buf_reset(&s->port);
	buf_span(&s->host, host);
	buf_span(&s->port, port);
	s->first_octet = first_octet;
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0;
}

int
setup_relay(struct setup *s, struct span text)
{
	const struct provider *known = provider_find(text);
	struct span host, port = SPAN("465");

	if (known) {
		take(s, span_of(known->host), span_of(known->port),
		    strcmp(known->port, "465") == 0);
		return 0;
	}
	if (span_starts(text, SPAN("["))) { /* [::1]:465 */
		text = span_from(text, 1);
		host = span_cut(&text, ']');
		if (text.len && text.ptr[0] == ':')
			port = span_from(text, 1);
	} else {
		host = span_cut(&text, ':');
		if (text.ptr)
			port = text;
	}
	if (!is_name(host) || !is_name(port))
		return -1;
	take(s, host, port,
	    span_eq(port, SPAN("465")) || span_eq(port, SPAN("submissions")));
	return 0;
}

/* Settings in memory, as a walk wants them. */
static int
settings(struct span text, struct conf *c)
{
	int fd = memfd_create("settings", MFD_CLOEXEC), rc = -1;
	struct buf why = { 0 };
	char path[64];

	*c = (struct conf){ 0 };
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd != -1 && whole_write(fd, text) == 0)
		rc = conf_load(path, c, &why);
	if (rc == -1)
		fprintf(stderr, "deliver: %s\n",
		    why.len ? buf_c(&why) : strerror(errno));
	buf_free(&why);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
walk_apart(const struct setup *s, const struct conf *c,
    const struct walk_how *how, int out)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (out != -1 && dup2(out, STDOUT_FILENO) == -1)
			_exit(EX_OSERR);
		status = walk(c, &s->ids, how);
		fflush(stdout);
		_exit(status);
	}
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	if (pid == -1)
		fprintf(stderr, "deliver: cannot fork: %s\n", strerror(errno));
	else
		fputs("deliver: the process that asks was ended by a signal\n",
		    stderr);
	return EX_SOFTWARE;
}

/* The first line of "srv HOST PORT first|starttls". */
static bool
found(struct setup *s, int fd)
{
	char text[FOUND_MAX];
	ssize_t n = pread(fd, text, sizeof text, 0);
	struct span rest = { text, n > 0 ? (size_t)n : 0 };

	while (rest.ptr && rest.len) {
		struct span line = span_cut(&rest, '\n'), host, port;

		if (!span_eq(span_word(&line), SPAN("srv")))
			continue;
		host = span_word(&line);
		port = span_word(&line);
		if (!is_name(host) || !is_name(port))
			continue;
		take(s, host, port, span_eq(span_word(&line), SPAN("first")));
		return true;
	}
	return false;
}

static bool
by_srv(struct setup *s, struct span domain)
{
	struct walk_how how = { .to = NULL, .find = true };
	struct buf text = { 0 };
	struct conf c;
	int fd = memfd_create("found", MFD_CLOEXEC);
	bool ok = false;

	buf_str(&text, "relay main {\n\tsrv ");
	plan_word(&text, domain);
	buf_str(&text, "\n}\n");
	if (fd != -1 && !text.bad && settings(buf_view(&text), &c) == 0) {
		walk_apart(s, &c, &how, fd);
		conf_free(&c);
		ok = found(s, fd);
	}
	if (fd != -1)
		close(fd);
	buf_free(&text);
	return ok;
}

int
setup_find(struct setup *s)
{
	struct span account = buf_view(&s->account_is), domain = account;
	const struct provider *known;

	span_cut(&domain, '@');
	if (domain.ptr == NULL || domain.len == 0)
		return -1;
	known = provider_find(domain);
	if (known) {
		take(s, span_of(known->host), span_of(known->port),
		    strcmp(known->port, "465") == 0);
		printf("The provider's server is %s, port %s.\n", known->host,
		    known->port);
		return 0;
	}
	fputs("Asking DNS for the submission server (SRV) of ", stdout);
	show_lines(domain, "");
	if (!by_srv(s, domain))
		return -1;
	printf("It is %s, port %s.\n", buf_c(&s->host), buf_c(&s->port));
	return 0;
}

int
setup_try(struct setup *s)
{
	int fd = memfd_create("secrets", MFD_CLOEXEC), status = EX_OSERR;
	struct walk_how how = { .secrets = fd, .trial = true };
	struct span secrets = buf_view(&s->plan.secrets);
	struct conf c;

	if (fd == -1 || fchmod(fd, 0600) == -1 ||
	    whole_write(fd, secrets) == -1)
		fprintf(stderr, "deliver: no memory for the password: %s\n",
		    strerror(errno));
	else if (settings(buf_view(&s->plan.conf), &c) == 0) {
		status = walk_apart(s, &c, &how, -1);
		conf_free(&c);
	}
	if (fd != -1)
		close(fd);
	return status;
}
