/* deliver - the agent: carries what is in the spool to where it belongs. */
#include "common/conf.h"
#include "common/log.h"
#include "common/priv.h"
#include "common/run.h"
#include "common/spool.h"
#include "common/wrap.h"
#include "deliver/check.h"
#include "deliver/convert.h"
#include "deliver/handoff.h"
#include "deliver/lock.h"
#include "deliver/parent.h"
#include "deliver/queue/offline.h"
#include "deliver/setup/import.h"
#include "deliver/setup/setup.h"
#include "deliver/systemd.h"
#include "deliver/walk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0.1"
#endif
#ifndef BUILT_WITH /* names and versions of libraries; the Makefile knows */
#define BUILT_WITH "libidn2"
#endif
#define DESCRIPTORS 4096
#define SECRETS_CREDENTIAL "bellman.secrets" /* see deliver/net/secrets.h */
#define SECRETS "/etc/bellman/secrets"

static const char usage[] =
    "usage: deliver            the agent, in the foreground\n"
    "       deliver --idle     the same, until nothing is left to do\n"
    "       deliver -q         one pass over everything that waits, then exit\n"
    "       deliver --due      one pass over what is due\n"
    "       deliver --check    say what is in force, and walk to the relays\n"
    "       deliver --check RECIPIENT   walk the way of mail to that address,\n"
    "                          or to that domain\n"
    "       deliver --check-settings   the same, without the walk\n"
    "       deliver --mailq    answers mailq while no agent runs (root)\n"
    "       deliver --setup    asks three questions, tries the relay, and\n"
    "                          writes the settings\n"
    "       deliver --import [--from MAILER] [--root DIR] [--write [--force]]\n"
    "                          take over the settings of another mailer\n"
    "       deliver --handoff RELAY | HOST[:PORT]\n"
    "                          give all that waits to another host\n"
    "       deliver --version\n"
    "       deliver --help     this; deliver(8) has all of it\n";

enum what {
	AGENT,
	IDLE,
	PASS,
	DUE,
	CHECK,
	CHECK_SETTINGS,
	MAILQ,
	HANDOFF,
	IMPORT,
	SETUP,
	SHOW_VERSION,
	HELP,
	UNKNOWN
};

static enum what
parse(int argc, char **argv)
{
	static const struct {
		const char *word;
		enum what what;
	} words[] = { { "-q", PASS }, { "--idle", IDLE }, { "--due", DUE },
		{ "--check", CHECK }, { "--check-settings", CHECK_SETTINGS },
		{ "--mailq", MAILQ }, { "--handoff", HANDOFF },
		{ "--import", IMPORT }, { "--setup", SETUP },
		{ "--version", SHOW_VERSION }, { "--help", HELP } };

	if (argc <= 1)
		return AGENT;
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return argv[2][0] && argv[2][0] != '-' ? CHECK : UNKNOWN;
	if (strcmp(argv[1], "--handoff") == 0)
		return argc == 3 && argv[2][0] && argv[2][0] != '-' ? HANDOFF
								    : UNKNOWN;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(argv[1], words[i].word) == 0 &&
		    (argc == 2 || words[i].what == IMPORT ||
			words[i].what == SETUP))
			return words[i].what;
	return UNKNOWN;
}

/* The socket that systemd has passed, or one of our own. */
static int
listen_on(const char *path, int type, struct buf *why)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = systemd_socket(path, type);
	mode_t before;
	bool bound;

	if (fd != -1)
		return fd;
	if (run_activated()) {
		buf_fmt(why,
		    "systemd listens on %s and starts the agent when it is "
		    "needed; stop bellman-control.socket, "
		    "bellman-submit.socket and bellman.path first",
		    path);
		return -1;
	}
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strlcpy(at.sun_path, path, sizeof at.sun_path);
	unlink(path); /* the lock is ours: nobody listens there */
	/* Nobody finds it closed to him for a moment: he would not wait. */
	before = umask(0111);
	bound = fd != -1 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
	umask(before);
	if (bound && listen(fd, 64) == 0)
		return fd;
	buf_fmt(why, "cannot listen on %s: %s", path, strerror(errno));
	return -1;
}

/* By its mode alone: the role that reads it says the same, but only when a
 * relay has asked for a password. */
static void
check_secrets(struct buf *out)
{
	struct role_ids ids;
	struct buf why = { 0 };
	struct stat st;
	const char *what = NULL;

	if (geteuid() == 0 && stat(SECRETS, &st) == 0 &&
	    role_ids(&ids, &why) == 0) {
		if (st.st_uid != 0)
			what = "it does not belong to root";
		else if (st.st_mode & 037)
			what = "others than root can change it, or read it";
		else if (!(st.st_mode & 040) || st.st_gid != ids.gid[ROLE_NET])
			what = "the group bellman-net cannot read it";
	}
	if (what)
		buf_fmt(out,
		    "The passwords in " SECRETS " are not used: %s; `chown "
		    "root:bellman-net` and `chmod 0640` make it right.\n",
		    what);
	buf_free(&why);
}

/* Sentences, a line each, in lines that fit the terminal. */
static int
tell(struct span text)
{
	struct buf out = { 0 };
	int rc;

	wrap_lines(&out, wrap_window(STDOUT_FILENO), text);
	rc = out.bad || fputs(buf_c(&out), stdout) == EOF || fflush(stdout) ? -1
									    : 0;
	buf_free(&out);
	return rc;
}

static int
check(const struct conf *c)
{
	struct buf out = { 0 };
	int status = 0;

	check_sentences(c, &out);
	check_secrets(&out);
	if (out.bad || tell(buf_view(&out)) == -1) {
		fputs("deliver: cannot say what is in force\n", stderr);
		status = EX_OSERR;
	}
	buf_free(&out);
	return status;
}

/* Passwords are root's and the role's: nobody else can walk with them. */
static int
check_ways(const struct conf *c, const char *to, int secrets, struct buf *why)
{
	struct role_ids ids;
	int status = to ? 0 : check(c);

	if (status)
		return status;
	if (geteuid() != 0) {
		tell(to ? SPAN("Such a way is walked when root asks.")
			: SPAN("Only the settings were read: the way to the "
			       "relays is walked when root asks."));
		return 0;
	}
	if (role_ids(&ids, why) == -1)
		return EX_OSFILE;
	return walk(
	    c, &ids, &(struct walk_how){ .to = to, .secrets = secrets });
}

/* Root's to open, and not read here: only the role net does. */
static int
open_credential(void)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[512];

	if (folder == NULL || geteuid() != 0 ||
	    snprintf(path, sizeof path, "%s/" SECRETS_CREDENTIAL, folder) >=
		(int)sizeof path)
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int
run(struct conf *conf, enum parent_pass pass, bool idle, int secrets,
    struct buf *why)
{
	struct role_ids ids;
	struct parent_fds fds = {
		.control = -1, .submit = -1, .secrets = secrets
	};
	pid_t other = 0;
	int status;

	if (geteuid() != 0) {
		buf_str(why, "it must be started by root");
		return EX_NOPERM;
	}
	if (role_ids(&ids, why) == -1)
		return EX_OSFILE;
	if (access(SPOOL_DIR "/queue", F_OK) == -1) {
		buf_fmt(why,
		    "the spool %s is not there: %s; `make install` or "
		    "the package makes it",
		    SPOOL_DIR, strerror(errno));
		return EX_OSFILE;
	}
	switch (lock_take(pass != PASS_NONE, &fds.lock, &other)) {
	case LOCK_MINE:
		break;
	case LOCK_QUEUED:
		if (conf->handoff)
			buf_str(why, "another pass waits already; try again "
				     "when it is over");
		return conf->handoff ? EX_TEMPFAIL : 0;
	case LOCK_RUNNING:
		if (conf->handoff) {
			buf_fmt(why,
			    "an agent runs as pid %ld, and is at work on the "
			    "same messages; stop it first",
			    (long)other);
			return EX_TEMPFAIL;
		}
		fprintf(stderr, "deliver: already running as pid %ld%s\n",
		    (long)other,
		    pass == PASS_ALL ? "; `sendmail -q` asks it for a pass"
				     : "");
		return 0;
	case LOCK_ERROR:
		buf_fmt(why, "cannot lock %s: %s", RUN_PID, strerror(errno));
		return EX_TEMPFAIL;
	}
	/* A pass leaves systemd's sockets alone: who asks there starts an
	 * agent, which has the pass end. */
	if ((pass == PASS_NONE || !run_activated()) &&
	    (fds.control = listen_on(RUN_CONTROL, SOCK_STREAM, why)) == -1)
		return EX_OSERR;
	if (pass == PASS_NONE &&
	    (fds.submit = listen_on(RUN_SUBMIT, SOCK_SEQPACKET, why)) == -1)
		return EX_OSERR;
	status = parent_run(CONF_PATH, conf, &ids, pass, idle, &fds);
	if (status == EX_OSERR && conf->handoff)
		buf_str(
		    why, "the pass could not begin; the log has the reason");
	return status;
}

/* One request of mailq, on standard input.  Who changes anything is the agent
 * for so long, and nobody who reads a message is root. */
static int
mailq(const struct conf *c, struct buf *why)
{
	struct span request;
	char line[RUN_REQUEST + 1];
	struct priv_id id = { 0 };
	struct role_ids ids;
	pid_t other = 0;
	size_t len = 0;
	ssize_t n;
	int lock;
	bool changes;

	if (geteuid() != 0) {
		buf_str(why, "--mailq is for root");
		return EX_NOPERM;
	}
	while (len < RUN_REQUEST &&
	       (n = read(STDIN_FILENO, line + len, RUN_REQUEST - len)) > 0)
		len += (size_t)n;
	request = span_trim((struct span){ line, len });
	changes = !offline_looks(request);
	if (role_ids(&ids, why) == -1)
		return EX_OSFILE;
	if (changes && lock_take(true, &lock, &other) != LOCK_MINE) {
		buf_str(why, "an agent has come by now; ask again");
		return EX_TEMPFAIL;
	}
	id.uid = ids.uid[ROLE_QUEUE];
	id.gid = ids.gid[ROLE_QUEUE];
	id.groups[0] = id.gid;
	id.ngroups = 1;
	priv_become(&id, getppid(), "mailq");
	/* Who asked may want no more of it. */
	if (offline(c, id.uid, request, changes) == 0 || errno == EPIPE)
		return 0;
	buf_fmt(
	    why, "the spool " SPOOL_DIR " cannot be read: %s", strerror(errno));
	return EX_OSFILE;
}

/* Everything to another host; the agent's part is a process of its own. */
static int
handoff(struct conf *c, const char *to, int secrets, struct buf *why)
{
	int status = EX_USAGE;

	if (geteuid() != 0) {
		buf_str(why, "it must be started by root");
		return EX_NOPERM;
	}
	if (handoff_settings(c, to, why) == -1)
		return status;
	if (handoff_apart(to, &status) == -1)
		return status;
	return run(c, PASS_ALL, false, secrets, why);
}

/* What it was built with, and what it cannot do. */
static int
version(void)
{
	puts("bellman deliver " VERSION);
	puts("built with " BUILT_WITH);
	if (access(CONVERT_PROGRAM, X_OK) == -1)
		puts("There is no " CONVERT_PROGRAM
		     " (GMime): mail that a server would not take as it is "
		     "waits.");
	if (!strstr(BUILT_WITH, "libidn2"))
		puts("There is no libidn2: mail to a domain that is not ASCII "
		     "waits.");
	if (sizeof(time_t) < 8)
		puts("Its clock ends in 2038: build it with -D_TIME_BITS=64 "
		     "-D_FILE_OFFSET_BITS=64.");
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

static int
what_to_do(enum what what, struct conf *c, const char *to, int secrets,
    struct buf *why)
{
	switch (what) {
	case CHECK_SETTINGS:
		return check(c);
	case CHECK:
		return check_ways(c, to, secrets, why);
	case MAILQ:
		return mailq(c, why);
	case HANDOFF:
		return handoff(c, to, secrets, why);
	default:
		return run(c,
		    what == PASS  ? PASS_ALL
		    : what == DUE ? PASS_DUE
				  : PASS_NONE,
		    what == IDLE, secrets, why);
	}
}

int
main(int argc, char **argv, char **envp)
{
	struct buf why = { 0 };
	struct conf conf;
	enum what what = parse(argc, argv);
	int status, secrets;
	char *to = (what == CHECK || what == HANDOFF) && argc == 3
		       ? strdup(argv[2])
		       : NULL; /* argv is the title's */

	if (what == UNKNOWN) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	if (what == SHOW_VERSION)
		return version();
	if (what == HELP)
		return fputs(usage, stdout) == EOF || fflush(stdout) ? EX_IOERR
								     : 0;
	setproctitle_init(argc, argv, envp);
	if (priv_start() == -1)
		return EX_OSERR;
	secrets = open_credential();
	systemd_take();
	clearenv();
	tzset(); /* /etc/localtime is read here, not by each process anew */
	priv_descriptors(DESCRIPTORS);
	log_open("bellman/deliver");
	if (what == CHECK || what == CHECK_SETTINGS || what == MAILQ ||
	    what == IMPORT || what == SETUP)
		log_for_person();
	if (what == IMPORT)
		return import_main(argc - 1, argv + 1);
	if (what == SETUP)
		return setup_main(argc - 1, argv + 1);
	status = EX_CONFIG;
	if (conf_load(CONF_PATH, &conf, &why) == 0)
		status = what_to_do(what, &conf, to, secrets, &why);
	if (why.len)
		fprintf(stderr, "deliver: %s\n", buf_c(&why));
	conf_free(&conf);
	free(to);
	buf_free(&why);
	return status;
}
