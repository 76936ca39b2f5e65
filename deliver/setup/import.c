#include "deliver/setup/import.h"
#include "common/priv.h"
#include "common/sandbox.h"
#include "deliver/calls.h"
#include "deliver/role.h"
#include "deliver/setup/place.h"
#include "deliver/setup/show.h"
#include "deliver/setup/source.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define RESULT_MAX (256 << 10) /* octets of one */
#define SECONDS 10	       /* of the processor's, to parse */
#define ROUNDS 3	       /* of files that files name */

enum { CONF, SECRETS, MASKED, NOTES, ROOT, WANT, RESULTS };

struct import {
	const struct source *source;
	const char *root;
	bool write, force;
	int rootfd;
	bool trusted; /* the first file is root's: what it names is read */
	bool unread;  /* one is there, and could not be opened */
	char path[SOURCE_FILES][PLAN_PATH];
	int fd[SOURCE_FILES];
	size_t n;
	struct buf result[RESULTS];
	struct role_ids ids;
};

/* --- the process that reads --- */

static struct span
text_of(int fd)
{
	char *text = malloc(SOURCE_TEXT);
	ssize_t n = text ? pread(fd, text, SOURCE_TEXT, 0) : -1;

	if (n == -1)
		_exit(EX_IOERR);
	return (struct span){ text, (size_t)n };
}

static void
hand_back(int fd, struct span s)
{
	if (s.len > RESULT_MAX ||
	    (s.len && write(fd, s.ptr, s.len) != (ssize_t)s.len))
		_exit(EX_DATAERR);
}

static _Noreturn void
read_and_parse(const struct import *x, const int *out)
{
	struct source_files f = { .n = x->n };
	struct plan p = { 0 };
	struct buf want = { 0 };

	for (size_t i = 0; i < x->n; i++) {
		f.file[i].path = x->path[i];
		f.file[i].text = text_of(x->fd[i]);
	}
	x->source->parse(&f, &p);
	for (size_t i = 0; i < p.nwant; i++)
		buf_fmt(&want, "%s\n", p.want[i]);
	if (p.left_out)
		buf_fmt(
		    &p.notes, "And %u things more are left out.\n", p.left_out);
	if (plan_bad(&p) || want.bad)
		_exit(EX_OSERR);
	hand_back(out[CONF], buf_view(&p.conf));
	hand_back(out[SECRETS], buf_view(&p.secrets));
	hand_back(out[MASKED], buf_view(&p.masked));
	hand_back(out[NOTES], buf_view(&p.notes));
	hand_back(out[ROOT], buf_view(&p.root));
	hand_back(out[WANT], buf_view(&want));
	_exit(0);
}

static void
confine(const struct import *x, pid_t parent)
{
	struct priv_id id = { .uid = x->ids.uid[ROLE_NET],
		.gid = x->ids.gid[ROLE_NET] };

	if (priv_limit(RLIMIT_CPU, SECONDS) == -1 ||
	    priv_limit(RLIMIT_FSIZE, RESULT_MAX) == -1)
		_exit(EX_OSERR);
	if (geteuid() == 0)
		priv_become(&id, parent, "import");
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		_exit(EX_OSERR);
#ifndef SANDBOX_WATCHED
	/* All that it reads and writes is open. */
	if (priv_limit(RLIMIT_AS, 512UL << 20) == -1 ||
	    priv_limit(RLIMIT_NPROC, 0) == -1 || sandbox_files(-1, 0) == -1 ||
	    calls_set(CALLS_BASE) == -1)
		_exit(EX_OSERR);
#endif
}

/* --- root, who opens and does not read --- */

/* Why it is not read; NULL: it is. */
static const char *
unfit(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (st->st_size > SOURCE_TEXT)
		return "it is over a megabyte";
	return st->st_mode & 02 ? "everybody can change it" : NULL;
}

/* A file's descriptor; -1: there is none, or why it is not read in *why, which
 * is the system's word where it failed. */
static int
open_beneath(const struct import *x, const char *path, struct stat *st,
    const char **why, bool *failed)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK |
					 O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, x->rootfd, path, &how, sizeof how);

	*why = NULL;
	*failed =
	    (fd == -1 && errno != ENOENT) || (fd != -1 && fstat(fd, st) == -1);
	if (*failed)
		*why = strerror(errno);
	else if (fd != -1)
		*why = unfit(st);
	if (fd == -1 || *why == NULL)
		return fd;
	close(fd);
	return -1;
}

/* 1 when it is there; -1: it is not read, which has been said. */
static int
add_file(struct import *x, const char *path)
{
	const char *why;
	struct stat st;
	bool failed;
	int fd;

	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->path[i], path) == 0)
			return 1;
	fd = open_beneath(x, path, &st, &why, &failed);
	if (fd == -1 && why == NULL)
		return 0;
	if (fd == -1) {
		fprintf(stderr, "deliver: %s is not read: %s\n", path, why);
		x->unread |= failed;
		return -1;
	}
	if (x->n == 0)
		x->trusted = (st.st_uid == 0 || st.st_uid == geteuid()) &&
			     !(st.st_mode & 020);
	strlcpy(x->path[x->n], path, PLAN_PATH);
	x->fd[x->n++] = fd;
	return 1;
}

static int
load(int fd, struct buf *to)
{
	struct stat st;
	ssize_t n;

	buf_reset(to);
	if (fstat(fd, &st) == -1 || st.st_size > RESULT_MAX ||
	    buf_room(to, (size_t)st.st_size + 1) == -1)
		return -1;
	n = pread(fd, to->ptr, (size_t)st.st_size, 0);
	if (n == -1)
		return -1;
	to->len = (size_t)n;
	return 0;
}

/* One process, and what it says. */
static int
parse_round(struct import *x)
{
	int out[RESULTS], status = -1, rc = 0;
	pid_t parent = getpid(), pid;

	for (int i = 0; i < RESULTS; i++)
		if ((out[i] = memfd_create("import", MFD_CLOEXEC)) == -1)
			return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		confine(x, parent);
		read_and_parse(x, out);
	}
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (pid == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		rc = -1;
	for (int i = 0; i < RESULTS; i++) {
		if (rc == 0)
			rc = load(out[i], &x->result[i]);
		close(out[i]);
	}
	return rc;
}

/* The files that it asked for: are there new ones? */
static bool
fetch_wanted(struct import *x)
{
	struct span rest = buf_view(&x->result[WANT]);
	size_t before = x->n;

	while (rest.ptr && rest.len && x->n < SOURCE_FILES) {
		char *path = span_dup(span_cut(&rest, '\n'));

		if (path && !x->trusted)
			fprintf(stderr,
			    "deliver: %s is not read: others than root can "
			    "change %s, which names it\n",
			    path, x->path[0]);
		else if (path && strlen(path) < PLAN_PATH &&
			 add_file(x, path) == 0)
			fprintf(stderr,
			    "deliver: %s is not there, and %s names it\n", path,
			    x->path[0]);
		free(path);
	}
	return x->n > before;
}

static int
convert(struct import *x)
{
	const char *first = x->source->paths[0];
	int has = add_file(x, first);

	if (has == -1)
		return EX_NOINPUT;
	if (has == 0) {
		fprintf(stderr,
		    "deliver: there is no %s%s: no settings of %s; --root DIR "
		    "looks below another folder, and deliver --setup asks for "
		    "what is needed\n",
		    strcmp(x->root, "/") == 0 ? "" : x->root, first,
		    x->source->title);
		return EX_NOINPUT;
	}
	for (size_t i = 1; i < SOURCE_FIXED && x->source->paths[i]; i++)
		add_file(x, x->source->paths[i]);
	for (int round = 0; round < ROUNDS; round++) {
		if (parse_round(x) == -1) {
			fputs("deliver: the settings could not be parsed; "
			      "nothing was written\n",
			    stderr);
			return EX_SOFTWARE;
		}
		if (x->result[WANT].len == 0 || !fetch_wanted(x))
			break;
	}
	return 0;
}

/* Which of them is here?  NULL: none, or several. */
static const struct source *
look_for(const struct import *x)
{
	const struct source *found = NULL;
	const char *why;
	struct stat st;
	bool failed;

	for (size_t i = 0; i < nsources; i++) {
		int fd =
		    open_beneath(x, sources[i].paths[0], &st, &why, &failed);

		if (fd == -1 && !failed)
			continue;
		if (fd != -1)
			close(fd);
		if (found) {
			fprintf(stderr,
			    "deliver: there are settings of %s and of %s; say "
			    "--from %s or --from %s\n",
			    found->title, sources[i].title, found->name,
			    sources[i].name);
			return NULL;
		}
		found = &sources[i];
	}
	if (found == NULL)
		fputs("deliver: there are no settings of Postfix, Exim, dma, "
		      "nullmailer or msmtp here; of another machine's or a "
		      "backup, say where: --root DIR; with none, deliver "
		      "--setup asks for what is needed\n",
		    stderr);
	return found;
}

static void
show(struct import *x)
{
	printf("From the settings of %s (", x->source->title);
	for (size_t i = 0; i < x->n; i++)
		printf("%s%s", i ? ", " : "", x->path[i]);
	puts("):\n");
	if (x->result[CONF].len)
		show_file(
		    CONF_PATH, "root:root 0644", buf_view(&x->result[CONF]));
	else
		puts("They ask for nothing that is not so by itself: no "
		     "settings are needed.\n");
	if (x->result[MASKED].len)
		show_file(PLACE_SECRETS,
		    "root:bellman-net 0640, with the passwords, which are not "
		    "shown",
		    buf_view(&x->result[MASKED]));
	if (x->result[ROOT].len) {
		puts(PLACE_ALIASES ", if it says nothing of root:\n");
		fputs("    root: ", stdout);
		show_lines(buf_view(&x->result[ROOT]), "");
		puts("");
	}
	if (x->result[NOTES].len) {
		puts("Not taken over, or not as it was:\n");
		show_text(buf_view(&x->result[NOTES]), "  ");
		puts("");
	}
}

/* An address as a line of aliases(5) can hold it. */
static bool
alias_fits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f ||
		    strchr("\"\\,:;|<>()#", s.ptr[i]))
			return false;
	return s.len < 256;
}

static int
write_files(struct import *x)
{
	struct place p = { .conf = buf_view(&x->result[CONF]),
		.secrets = buf_view(&x->result[SECRETS]),
		.root = buf_view(&x->result[ROOT]),
		.net = x->ids.gid[ROLE_NET],
		.force = x->force };
	struct buf said = { 0 }, why = { 0 };
	int rc;

	if (!alias_fits(p.root))
		p.root = SPAN("");
	rc = place_write(&p, &said, &why);
	if (rc == 0)
		place_tell_agent(&said);
	show_text(buf_view(&said), "");
	if (rc == -1) {
		fflush(stdout);
		fprintf(stderr, "deliver: %s\n", buf_c(&why));
	}
	if (rc == 0)
		puts("`deliver --check` says what is in force, and tries it.");
	buf_free(&said);
	buf_free(&why);
	return rc == 0 ? 0 : EX_CANTCREAT;
}

static int
options(int argc, char **argv, struct import *x)
{
	static const struct option words[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "root", required_argument, NULL, 'r' },
		{ "write", no_argument, NULL, 'w' },
		{ "force", no_argument, NULL, 'F' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1)
		switch (c) {
		case 'f':
			x->source = source_named(optarg);
			if (x->source == NULL) {
				fputs("deliver: --from is postfix, exim4, dma, "
				      "nullmailer or msmtp\n",
				    stderr);
				return -1;
			}
			break;
		case 'r':
			x->root = optarg;
			break;
		case 'w':
			x->write = true;
			break;
		case 'F':
			x->force = true;
			break;
		default:
			goto usage;
		}
	if (optind == argc)
		return 0;
usage:
	fputs("usage: deliver --import [--from MAILER] [--root DIR] [--write "
	      "[--force]]\n",
	    stderr);
	return -1;
}

static int
import(struct import *x)
{
	struct buf why = { 0 };
	int status = 0;

	if (geteuid() == 0 && role_ids(&x->ids, &why) == -1) {
		fprintf(stderr, "deliver: %s\n", buf_c(&why));
		buf_free(&why);
		return EX_OSFILE;
	}
	x->rootfd = open(x->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->rootfd == -1) {
		fprintf(stderr, "deliver: cannot open %s: %s\n", x->root,
		    strerror(errno));
		return EX_NOINPUT;
	}
	if (x->source == NULL && (x->source = look_for(x)) == NULL)
		return EX_NOINPUT;
	if ((status = convert(x)) != 0)
		return status;
	show(x);
	if (x->unread && geteuid() == 0) { /* a user sees what he may */
		fputs("deliver: not all of them could be read; nothing was "
		      "written\n",
		    stderr);
		return EX_NOINPUT;
	}
	if (x->write)
		return write_files(x);
	puts("Nothing was written; with --write it would be.");
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fputs("deliver: not all of it could be shown\n", stderr);
	return EX_IOERR;
}

int
import_main(int argc, char **argv)
{
	struct import *x = calloc(1, sizeof *x);
	int status = EX_USAGE;

	if (x == NULL)
		return EX_OSERR;
	x->root = "/";
	x->rootfd = -1;
	if (options(argc, argv, x) == 0) {
		if (x->write && geteuid() != 0) {
			fputs(
			    "deliver: only root can write the files\n", stderr);
			status = EX_NOPERM;
		} else {
			status = import(x);
		}
	}
	for (size_t i = 0; i < x->n; i++)
		close(x->fd[i]);
	for (int i = 0; i < RESULTS; i++) {
		if (x->result[i].ptr)
			explicit_bzero(x->result[i].ptr, x->result[i].cap);
		buf_free(&x->result[i]);
	}
	if (x->rootfd != -1)
		close(x->rootfd);
	free(x);
	return status;
}
