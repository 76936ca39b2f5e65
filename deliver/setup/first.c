/* first - the first message, to root, and what becomes of it. */
#include "common/run.h"
#include "common/spool.h"
#include "common/whole.h"
#include "deliver/setup/setup_in.h"
#include "deliver/setup/show.h"
#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define SENDMAIL "/usr/sbin/sendmail"
#define MAILQ "mailq"
#define NAP 100	   /* ms */
#define BEGIN 5000 /* ms, for a pass to begin */
#define MOST 60000 /* ms, for it to end: longer than a relay needs */

/* What it says is the person's.  0, its exit status, or -1. */
static int
run_as(char *name, char *word, char *to, struct span text)
{
	char path[] = "PATH=/usr/bin:/bin";
	char *argv[] = { name, word, to, NULL }, *envp[] = { path, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], status = 0;
	bool whole = true;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) == -1) {
		fprintf(stderr, "deliver: no pipe: %s\n", strerror(errno));
		return EX_OSERR;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	if (posix_spawn(&pid, SENDMAIL, &actions, NULL, argv, envp) != 0) {
		fputs("deliver: " SENDMAIL " cannot be run\n", stderr);
		pid = -1;
	}
	close(ends[0]);
	if (pid != -1 && whole_write(ends[1], text) == -1) {
		fprintf(stderr, "deliver: " SENDMAIL " did not read it: %s\n",
		    strerror(errno));
		whole = false;
	}
	close(ends[1]);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	posix_spawn_file_actions_destroy(&actions);
	if (pid == -1)
		return EX_OSFILE;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	return WIFEXITED(status) && whole ? 0 : EX_SOFTWARE;
}

static bool
any_dropped(void)
{
	DIR *d = opendir(SPOOL_DIR "/drop");
	struct dirent *e;
	bool any = false;

	while (d && !any && (e = readdir(d)) != NULL)
		any = spool_id_valid(e->d_name);
	if (d)
		closedir(d);
	return any;
}

/* The pass that sendmail has started.  Is there an agent that stays, after all?
 */
static bool
await_pass(void)
{
	const struct timespec nap = { .tv_nsec = NAP * 1000000L };
	long waited = 0, begin = 0;

	while (waited < MOST) {
		bool held = run_held(RUN_AGENT);

		if (!held && (!any_dropped() || begin >= BEGIN))
			return false;
		if (held && run_held(RUN_RESIDENT))
			return true;
		begin += held ? 0 : NAP;
		waited += NAP;
		nanosleep(&nap, NULL);
	}
	return false;
}

int
setup_message(const struct setup *s)
{
	static const struct span text =
	    SPAN("Subject: Bellman carries the mail of this machine\n\n"
		 "deliver --setup has sent this message to root.  If you can "
		 "read it, root's\nmail arrives here.\n");
	char sendmail[] = "sendmail", mailq[] = MAILQ, verbose[] = "-v",
	     silent[] = "-i", to[] = "root";
	bool agent = run_held(RUN_RESIDENT) || run_activated();
	int status;

	fputs("Sending a message to root", stdout);
	if (s->root_is.len) {
		fputs(", which is for ", stdout);
		show_lines(buf_view(&s->root_is), "");
	} else {
		puts(".");
	}
	status = run_as(sendmail, agent ? verbose : silent, to, text);
	if (status)
		return status;
	if (!agent)
		agent = await_pass();
	puts("What waits now, as `mailq` shows it, with the reason:");
	run_as(mailq, NULL, NULL, SPAN(""));
	if (!agent)
		show_text(
		    SPAN("No agent runs yet: until one is started, root's mail "
			 "leaves by a pass of its own, and that of users waits "
			 "(INSTALL, \"Starting the agent\")."),
		    "");
	return 0;
}
