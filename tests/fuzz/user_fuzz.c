/* libFuzzer: the whole role user, in each of its kinds, to which the queue
 * lies. It runs as nobody in particular, with a home and a mailbox of its own.
 * What stood in the mailbox stands there; nothing is made but what the user has
 * written down, and no other command is run; it says what it may, and ends.
 *
 *     octet 0   bits 0-2: the purpose; 3: the setting `local` is a command; 4:
 * a Maildir then      packets, see role_rig.h; of RIG_TRUE the first u64 is the
 *               mailbox's inode, the second less than what stood in it */
#include "deliver/user/user.h"
#include "tests/fuzz/role_rig.h"
#include <dirent.h>
#include <sys/stat.h>

#define NOBODY 65534
#define OLD "From x  Thu Jan  1 00:00:00 1970\nSubject: old\n\nof old\n\n"
#define BOX "/run/box"
#define HOME "/run/home"

int execve(const char *, char *const *, char *const *);
static const char forward[] = "\"|true\", /run/home/file, /run/home/dir/\n";
static const char aliases[] = "x: \"|false\", /run/home/other\n";
static struct conf conf;
static int message;
static const uint8_t *data;
static size_t size;

/* Only his own words are run; and not even those. */
int
execve(const char *path, char *const argv[], char *const envp[])
{
	(void)envp;
	if (strcmp(path, "/bin/sh") != 0 || argv[1] == NULL ||
	    argv[2] == NULL || strcmp(argv[2], "true") != 0)
		rig->wrong = true;
	_exit(0);
}

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	if (geteuid() == 0 && fchown(fd, NOBODY, NOBODY) == -1)
		abort();
	close(fd);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const own[] = { "/run", NULL };
	static const char text[] = "envelopeSubject: x\n\nFrom here\nhello\n";

	(void)argc;
	(void)argv;
	rig_folders(own);
	rig_start();
	/* as the folder of mailboxes is for its group */
	if (chown("/run", NOBODY, NOBODY) == -1)
		abort();
	conf.hostname = (char *)"host.example";
	conf.command_time = 5;
	message = memfd_create("message", MFD_CLOEXEC);
	if (write(message, text, sizeof text - 1) != sizeof text - 1)
		abort();
	return 0;
}

static void
send_all(int sock)
{
	struct rig_packet p;
	struct stat st;
	char body[16];

	for (int n = 0; n < RIG_MOST && rig_next(&data, &size, &p); n++) {
		if (p.flags & RIG_TRUE && p.body.len == sizeof body &&
		    stat(BOX, &st) == 0) {
			uint64_t ino = st.st_ino,
				 at = (uint8_t)p.body.ptr[8] % sizeof OLD;

			memcpy(body, &ino, sizeof ino);
			memcpy(body + 8, &at, sizeof at);
			p.body.ptr = body;
		}
		liar_send(sock, p.type, p.ref, p.body,
		    p.flags & RIG_FD ? message : -1);
	}
	shutdown(sock, SHUT_WR);
}

static void
role(void *arg)
{
	struct role_start start = { .conf = &conf,
		.user = "someone",
		.home = HOME,
		.shell = "/bin/sh",
		.uid = NOBODY,
		.gid = NOBODY,
		.mail = NOBODY,
		.forward = -1,
		.control = -1 };
	unsigned how = *(unsigned *)arg;
	int ends[2], heard;
	uint32_t ref;

	start.purpose = (enum user_purpose)((how & 7) % PURPOSES);
	start.local = start.purpose == FOR_COMMAND && (how & 8);
	conf.local = start.local ? LOCAL_COMMAND
		     : how & 16	 ? LOCAL_MAILDIR
				 : LOCAL_MBOX;
	conf.local_path = (char *)(uintptr_t)(start.local ? "true"
					      : how & 16  ? "~/Maildir"
							  : BOX);
	start.forward_status = 1; /* READ_NONE: root has none */
	start.forward_why = "there is none";
	start.aliases = open("/run/aliases", O_RDONLY | O_CLOEXEC);
	if (syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) == -1 ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == -1 ||
	    loop_init() == -1 || ipc_pair(ends) == -1)
		abort();
	start.fd = ends[1];
	send_all(ends[0]);
	user_run(&start);
	while ((heard = rig_hear(ends[0], &ref)) != -1)
		if ((heard < IPC_BOX_LOCKED || heard > IPC_BOX_FAIL) &&
		    heard != IPC_READ_TEXT && heard != IPC_READ_END)
			abort();
}

/* Nothing but what is meant to be there. */
static void
look(void)
{
	static const char *const may[] = { ".forward", "file", "dir", "Maildir",
		".", "..", "file.lock" };
	char text[4096] = "";
	DIR *d = opendir(HOME);
	struct dirent *e;
	int fd = open(BOX, O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd == -1 || read(fd, text, sizeof text - 1) == -1 ||
	    strncmp(text, OLD, sizeof OLD - 1) != 0)
		abort(); /* others' mail */
	close(fd);
	while ((e = readdir(d)) != NULL) {
		found = false;
		for (size_t i = 0; i < sizeof may / sizeof *may; i++)
			found |= strcmp(e->d_name, may[i]) == 0;
		if (!found) {
			fprintf(stderr, "made: %s\n", e->d_name);
			abort();
		}
	}
	closedir(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	unsigned how;

	if (len == 0)
		return 0;
	how = bytes[0];
	data = bytes + 1;
	size = len - 1;
	rig_clear("/run");
	if (mkdir(HOME, 0700) == -1 || chown(HOME, NOBODY, NOBODY) == -1)
		abort();
	put(BOX, OLD);
	put("/run/aliases", aliases);
	put(HOME "/.forward", forward);
	rig_run(role, &how, NULL);
	look();
	return 0;
}
