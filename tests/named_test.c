/* A file or command that the queue names: does it stand in what the user, or
 * root, has written?  And a queue that lies, which gets nothing. */
#include "deliver/ipc.h"
#include "deliver/user/named.h"
#include "deliver/user/user.h"
#include "tests/rows.h"
#include "tests/scratch.h"
#include <errno.h>
#include <string.h>

#define HIM 4242
#define OTHER 4243

static struct place {
	char top[64], home[96];
	struct conf conf;
	struct role_start start;
	struct ipc queue;
	enum ipc_type heard;
	char why[1024];
} w;

static void
put(const char *name, const char *text, uid_t uid)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w.top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	/* @ is the folder. */
	for (; *text; text++)
		if (*text == '@')
			fputs(w.top, f);
		else
			fputc(*text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, uid, uid), 0);
}

static int
setup(void **state)
{
	static char command_user[] = "clerk", aliases[] = "/etc/aliases";
	int fd;

	(void)state;
	memset(&w, 0, sizeof w);
	w.conf.command_user = command_user;
	w.conf.aliases = aliases;
	fd = scratch_make(w.top);
	if (fd == -1)
		return -1;
	close(fd);
	snprintf(w.home, sizeof w.home, "%s/home", w.top);
	w.start = (struct role_start){ .conf = &w.conf,
		.user = "him",
		.home = w.home,
		.shell = "/bin/sh",
		.uid = HIM,
		.gid = HIM,
		.forward = -1,
		.aliases = -1 };
	return chmod(w.top, 0755) == -1 || mkdir(w.home, 0755) == -1 ||
		       chown(w.home, HIM, HIM) == -1
		   ? -1
		   : 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (w.start.forward != -1)
		close(w.start.forward);
	if (w.start.aliases != -1)
		close(w.start.aliases);
	scratch_remove(w.top);
	return 0;
}

static void
open_root_s(void)
{
	char path[200];

	snprintf(path, sizeof path, "%s/aliases", w.top);
	w.start.aliases = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "%s/root", w.top);
	w.start.forward = open(path, O_RDONLY | O_CLOEXEC);
}

static enum read_status
ask(bool command, const char *what)
{
	struct buf why = { 0 };
	enum read_status got = named(&w.start, command, span_of(what), &why);

	strlcpy(w.why, buf_c(&why), sizeof w.why);
	buf_free(&why);
	return got;
}

/* "go" is what is asked for. */
static const struct row {
	const char *name, *user, *forward, *list, *aliases, *root;
	uid_t owner; /* of the list */
	enum read_status want;
} rows[] = {
	{ "in_his_forward", "him", "|go\n", NULL, NULL, NULL, 0, READ_OK },
	{ "in_quotes", "him", "bob, \"|go\"\n", NULL, NULL, NULL, 0, READ_OK },
	{ "nothing_at_all", "him", NULL, NULL, NULL, NULL, 0, READ_NONE },
	{ "another_command", "him", "|going\n|g\n", NULL, NULL, NULL, 0,
	    READ_NONE },
	{ "only_in_a_comment", "him", "bob\n# |go\n", NULL, NULL, NULL, 0,
	    READ_NONE },
	{ "an_address_of_that_name", "him", "go\n", NULL, NULL, NULL, 0,
	    READ_NONE },
	{ "in_a_list_of_his", "him", ":include:@/list\n", "|go\n", NULL, NULL,
	    HIM, READ_OK },
	{ "in_a_list_of_root_s_that_he_names", "him", ":include:@/list\n",
	    "|go\n", NULL, NULL, 0, READ_OK },
	{ "in_a_list_of_another", "him", ":include:@/list\n", "|go\n", NULL,
	    NULL, OTHER, READ_NONE },
	{ "in_a_list_that_names_itself", "him", ":include:@/list\n",
	    ":include:@/list\n|go\n", NULL, NULL, HIM, READ_OK },
	{ "in_a_list_that_nobody_names", "him", "bob\n", "|go\n", NULL, NULL,
	    HIM, READ_NONE },
	{ "aliases_and_the_command_user", "clerk", NULL, NULL, "x: |go\n", NULL,
	    0, READ_OK },
	{ "aliases_and_another", "him", NULL, NULL, "x: |go\n", NULL, 0,
	    READ_NONE },
	{ "aliases_behind_a_wrong_line", "clerk", NULL, NULL,
	    "wrong\nx: bob,\n |go\n", NULL, 0, READ_OK },
	{ "root_s_list_and_the_command_user", "clerk", NULL, "|go\n",
	    "x: :include:@/list\n", NULL, 0, READ_OK },
	{ "root_s_list_and_another", "him", NULL, "|go\n",
	    "x: :include:@/list\n", NULL, 0, READ_NONE },
	{ "his_list_in_aliases", "him", NULL, "|go\n", "x: :include:@/list\n",
	    NULL, HIM, READ_OK },
	{ "another_s_list_and_the_command_user", "clerk", NULL, "|go\n",
	    "x: :include:@/list\n", NULL, OTHER, READ_NONE },
	{ "root_s_forward_and_the_command_user", "clerk", NULL, NULL, NULL,
	    "|go\n", 0, READ_OK },
	{ "root_s_forward_and_another", "him", NULL, NULL, NULL, "|go\n", 0,
	    READ_NONE },
};

static void
check(void **state)
{
	const struct row *row = *state;
	void *none = NULL;

	if (geteuid() != 0)
		skip();
	assert_int_equal(setup(&none), 0);
	w.start.user = row->user;
	if (row->forward)
		put("home/.forward", row->forward, HIM);
	if (row->list)
		put("list", row->list, row->owner);
	if (row->aliases)
		put("aliases", row->aliases, 0);
	if (row->root)
		put("root", row->root, 0);
	open_root_s();
	assert_int_equal(ask(true, "go"), row->want);
	assert_int_equal(*w.why == '\0', row->want == READ_OK);
	teardown(&none);
}

static void
files(void **state)
{
	char his[128], free[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(his, sizeof his, "%s/his", w.top);
	snprintf(free, sizeof free, "%s/free", w.top);
	put("home/.forward", "/srv/one\n", HIM);
	put("aliases", "x: @/his, @/free\n", 0);
	put("his", "", HIM);
	open_root_s();
	assert_int_equal(ask(false, "/srv/one"), READ_OK);
	assert_int_equal(ask(false, "/srv/two"), READ_NONE);
	assert_int_equal(ask(true, "/srv/one"), READ_NONE);
	/* What root names is written as its owner; and made by the clerk. */
	assert_int_equal(ask(false, his), READ_OK);
	assert_int_equal(ask(false, free), READ_NONE);
	put("his", "", OTHER);
	assert_int_equal(ask(false, his), READ_NONE);
	w.start.user = "clerk";
	assert_int_equal(ask(false, free), READ_OK);
}

/* What others may write is not his word. */
static void
not_to_be_trusted(void **state)
{
	char path[200], to[200];

	(void)state;
	if (geteuid() != 0)
		skip();
	put("home/.forward", "|go\n", HIM);
	snprintf(path, sizeof path, "%s/.forward", w.home);
	assert_int_equal(ask(true, "go"), READ_OK);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(ask(true, "go"), READ_NONE);
	assert_int_equal(unlink(path), 0);
	put("mail", "|go\n", HIM);
	snprintf(to, sizeof to, "%s/mail", w.top);
	assert_int_equal(symlink(to, path), 0);
	assert_int_equal(ask(true, "go"), READ_NONE);
}

/* Another's link on the way to a list leads into his mail. */
static void
another_s_link(void **state)
{
	char link[200], to[200], mail[160];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(mail, sizeof mail, "%s/mail", w.top);
	snprintf(link, sizeof link, "%s/lists", w.top);
	snprintf(to, sizeof to, "%s/other", w.top);
	assert_int_equal(mkdir(mail, 0755), 0);
	put("mail/list", "|go\n", HIM);
	put("home/.forward", ":include:@/lists/list\n", HIM);
	for (uid_t uid = 0; uid <= OTHER; uid = uid ? uid + 1 : HIM) {
		assert_int_equal(symlink(uid ? mail : "mail", link), 0);
		assert_int_equal(lchown(link, uid, uid), 0);
		assert_int_equal(
		    ask(true, "go"), uid == OTHER ? READ_NONE : READ_OK);
		assert_int_equal(unlink(link), 0);
	}
	assert_int_equal(symlink(link, link), 0); /* in a circle */
	assert_int_equal(ask(true, "go"), READ_NONE);
	unlink(link);
	assert_int_equal(rename(mail, link), 0);
	assert_int_equal(ask(true, "go"), READ_OK);
	snprintf(mail, sizeof mail, "%s/lists/list", w.top);
	assert_int_equal(linkat(AT_FDCWD, mail, AT_FDCWD, to, 0), 0);
	assert_int_equal(ask(true, "go"), READ_NONE); /* a second name */
}

/* Not "it stands there no more". */
static void
cannot_be_told(void **state)
{
	(void)state;
	w.start.aliases_error = EIO;
	assert_int_equal(ask(true, "go"), READ_LATER);
	assert_non_null(strstr(w.why, "/etc/aliases: "));
	w.start.aliases_error = 0;
	w.start.forward_status = READ_LATER;
	w.start.forward_why = "it hangs";
	assert_int_equal(ask(true, "go"), READ_LATER);
	assert_non_null(strstr(w.why, "it hangs"));
}

static int
memory(const char *text)
{
	int fd = open(w.top, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void
send_item(void)
{
	struct buf b = { 0 };
	int fd = memory("x");

	ipc_str(&b, "0123456789ABCDEF");
	ipc_str(&b, "");
	ipc_str(&b, "him@x");
	ipc_u64(&b, 1);
	ipc_u64(&b, 0);
	ipc_u64(&b, 0);
	ipc_u32(&b, 0);
	ipc_send(&w.queue, IPC_BOX_ITEM, 0, &b, fd);
	ipc_send(&w.queue, IPC_BOX_GO, 0, NULL, fd);
	buf_free(&b);
	close(fd);
}

static void
got(struct ipc *c, struct ipc_msg *m)
{
	struct ipc_in in = { m->body, false };
	struct span text;

	(void)c;
	/* The end of the batch may be here in the same round. */
	if (w.heard != IPC_BOX_RESULT)
		w.heard = m->type;
	if (m->type == IPC_BOX_UNNAMED) {
		text = ipc_get(&in);
		snprintf(w.why, sizeof w.why, "%.*s", (int)text.len, text.ptr);
	}
	if (m->type == IPC_BOX_LOCKED)
		send_item();
	else
		loop_stop();
}

static void
gone(struct ipc *c, const char *why)
{
	(void)why;
	w.heard = IPC_STOP;
	ipc_close(c);
	loop_stop();
}

/* A queue's talk with the user's process: with or without OPEN in front. */
static int
talk(enum user_purpose purpose, const char *what, bool opens)
{
	struct buf b = { 0 };
	int ends[2], status;
	pid_t pid;

	loop_init();
	assert_int_equal(ipc_pair(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		if (setgid(HIM) == -1 || setuid(HIM) == -1)
			_exit(99);
		loop_init();
		w.start.fd = ends[1];
		w.start.purpose = purpose;
		user_run(&w.start);
		_exit(0);
	}
	close(ends[1]);
	w.heard = IPC_TYPES;
	w.queue = (struct ipc){ .got = got, .gone = gone };
	assert_int_equal(ipc_open(&w.queue, ends[0], ROLE_QUEUE, ROLE_USER), 0);
	ipc_str(&b, what);
	ipc_send(&w.queue, IPC_BOX_AT, 0, &b, -1);
	buf_reset(&b);
	if (opens)
		ipc_send(&w.queue, IPC_BOX_OPEN, 0, NULL, -1);
	else
		send_item();
	loop_run();
	ipc_close(&w.queue);
	buf_free(&b);
	while (waitpid(pid, &status, 0) == -1)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
a_queue_that_lies(void **state)
{
	char command[200], file[160], ran[160];

	(void)state;
	if (geteuid() != 0)
		skip();
	w.conf.command_time = 20;
	snprintf(ran, sizeof ran, "%s/ran", w.home);
	snprintf(command, sizeof command, "echo >%s", ran);
	snprintf(file, sizeof file, "%s/ran", w.home);

	talk(FOR_COMMAND, command, true);
	assert_int_equal(w.heard, IPC_BOX_UNNAMED);
	assert_non_null(strstr(w.why, "stands in no .forward"));
	talk(FOR_FILE, file, true);
	assert_int_equal(w.heard, IPC_BOX_UNNAMED);
	/* It leaves out what looks. */
	assert_int_equal(talk(FOR_COMMAND, command, false), 1);
	assert_int_equal(w.heard, IPC_STOP);
	assert_int_equal(talk(FOR_FILE, file, false), 1);
	assert_int_equal(access(ran, F_OK), -1);

	/* And one that does not lie. */
	put("home/.forward", "\"|echo >@/home/ran\"\n", HIM);
	assert_int_equal(talk(FOR_COMMAND, command, true), 0);
	assert_int_equal(w.heard, IPC_BOX_END);
	assert_int_equal(access(ran, F_OK), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int
main(void)
{
	static const struct CMUnitTest more[] = {
		T(files),
		T(not_to_be_trusted),
		T(another_s_link),
		T(cannot_be_told),
		T(a_queue_that_lies),
	};
	struct CMUnitTest tests[COUNT(rows) + COUNT(more)];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	memcpy(tests + n, more, sizeof more);
	return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
