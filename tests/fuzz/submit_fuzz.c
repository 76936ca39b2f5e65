/* libFuzzer: what anybody may send to the socket for those who cannot have the
 * group of sendmail.  Nothing but sendmail is run, with the words that stand in
 * the packet's file, the uid that the kernel has told, and no other environment
 * than a name; and one octet is answered, or none.
 *
 *     octet 0   how many descriptors come: 0 to 7
 *     octet 1   what the first is: a memfd, a pipe, /dev/null, a file
 *     octet 2   the version, less '1'
 *     then      the words */
#include "common/run.h"
#include "deliver/submit.h"
#include "tests/fuzz/role_rig.h"

#define PEER 1001

int __wrap_execve(const char *, char *const[], char *const[]);

static struct span sent;

static bool
is_of_the_packet(const char *word)
{
	size_t n = strlen(word) + 1;

	return memmem(sent.ptr, sent.len, word, n) != NULL;
}

int
__wrap_execve(const char *path, char *const argv[], char *const envp[])
{
	char uid[64];

	snprintf(uid, sizeof uid, "%s=%d", RUN_SUBMIT_UID, PEER);
	if (strcmp(path, "/usr/sbin/sendmail") != 0 || argv[0] == NULL ||
	    strcmp(envp[0], uid) != 0 ||
	    (envp[1] && (strncmp(envp[1], "NAME=", 5) != 0 || envp[2])))
		_exit(RIG_TAINTED);
	for (; *argv; argv++)
		if (!is_of_the_packet(*argv))
			_exit(RIG_TAINTED);
	_exit(0);
}

static int
first(unsigned kind)
{
	int p[2], fd = -1;

	if (kind % 4 == 1 && pipe2(p, O_CLOEXEC) == 0) {
		close(p[1]);
		fd = p[0];
	} else if (kind % 4 == 2) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} else if (kind % 4 == 3) {
		fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	if (fd == -1)
		fd = memfd_create("words", MFD_CLOEXEC);
	if (kind % 4 == 0 || kind % 4 == 3)
		(void)!write(fd, sent.ptr, sent.len);
	return fd;
}

static void
role(void *arg)
{
	const uint8_t *how = arg;
	struct role_start start = { .uid = PEER };
	int ends[2], n = how[0] % 8, fds[8];
	char version = (char)('1' + how[2]);
	unsigned char answer[2];
	union {
		char bytes[CMSG_SPACE(sizeof fds)];
		struct cmsghdr align;
	} room = { 0 };
	struct iovec v = { &version, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		abort();
	for (int i = 0; i < n; i++)
		fds[i] =
		    i ? open("/dev/null", O_RDWR | O_CLOEXEC) : first(how[1]);
	if (n) {
		struct cmsghdr *c;

		m.msg_control = room.bytes;
		m.msg_controllen = CMSG_SPACE((size_t)n * sizeof *fds);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n * sizeof *fds);
		memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof *fds);
	}
	if (sendmsg(ends[0], &m, 0) != 1)
		abort();
	start.fd = ends[1];
	submit_run(&start);
	if (recv(ends[0], answer, sizeof answer, MSG_DONTWAIT) == 1 &&
	    answer[0] == RIG_TAINTED)
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	rig_start();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t how[3];

	if (len < 3)
		return 0;
	memcpy(how, bytes, sizeof how);
	sent = (struct span){ (const char *)bytes + 3, len - 3 };
	if (rig_run(role, how, NULL) != 0)
		abort();
	return 0;
}
