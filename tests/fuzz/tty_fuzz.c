/* libFuzzer: the whole role tty, to which the queue lies: one packet, for it
 * takes no second.  What goes to a terminal is checked by another reader's
 * rules (tests/screen_check.h), and each job that is one has its answer.  Who
 * is logged in, and the device, are made up.
 *
 *     octet 0   bits 0-3: how wide, by 20; 4: UTF-8; 5: all terminals; 6: mesg
 * n then      packets, see role_rig.h */
#include "deliver/tty/confine.h"
#include "deliver/tty/tty.h"
#include "deliver/tty/who.h"
#include "deliver/tty/write.h"
#include "tests/fuzz/role_rig.h"
#include "tests/screen_check.h"

unsigned alarm(unsigned);

static struct conf conf;
static unsigned how;
static int message;
static bool note;

unsigned
alarm(unsigned seconds) /* it is the fuzzer's */
{
	(void)seconds;
	return 0;
}

int
confine(int devfd)
{
	(void)devfd;
	return 0;
}

size_t
who_terminals(int devfd, uid_t uid, const char *user, bool pts_owner,
    struct who_terminal t[WHO_MAX])
{
	(void)devfd;
	(void)uid;
	(void)user;
	(void)pts_owner;
	for (int i = 0; i < 2; i++) {
		snprintf(t[i].name, sizeof t[i].name, "pts/%d", i);
		t[i].accepts = i == 0 || !(how & 64);
	}
	return 2;
}

enum write_result
write_open(
    int devfd, const char *name, uid_t uid, gid_t tty, struct write_terminal *t)
{
	(void)devfd;
	(void)name;
	(void)uid;
	(void)tty;
	*t = (struct write_terminal){ dup(message), (how & 15) * 20,
		(how & 16) != 0 };
	return WRITE_OK;
}

int64_t
write_clock(void)
{
	return 0;
}

enum write_result
write_text(int fd, struct span text, int64_t deadline, size_t *done)
{
	size_t width = how & 15 ? (how & 15) * 20 : 80;
	const char *wrong = NULL;

	(void)fd;
	(void)deadline;
	if (note) { /* has no banner: by its octets only */
		for (size_t i = 0; i < text.len; i++)
			if (((unsigned char)text.ptr[i] < ' ' &&
				!strchr("\a\r\n", text.ptr[i])) ||
			    text.ptr[i] == 0x7f || text.ptr[i] == 0)
				wrong = "a control octet";
	} else {
		wrong = check_screen(text.ptr, text.len, width, how & 16);
	}
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	*done = text.len;
	return WRITE_OK;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "Subject: x\n\nhello \033[2J\n| y\n[z]\n"
				   "\303\244 \342\200\256 long line long line "
				   "long line long line long line long line\n";

	(void)argc;
	(void)argv;
	rig_start();
	setlocale(LC_CTYPE, "C.UTF-8");
	conf.hostname = (char *)"host.example";
	conf.bell = true;
	message = memfd_create("message", MFD_CLOEXEC);
	if (write(message, text, sizeof text - 1) != sizeof text - 1)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct role_start start = {
		.conf = &conf, .user = "alice", .uid = 1001
	};
	struct rig_packet p;
	int ends[2], low, was, n = 0, heard;
	uint32_t ref = 0, asked = 0;
	bool sound = false;

	if (size == 0 || ipc_pair(ends) == -1)
		return 0;
	was = dup(message);
	close(was);
	how = data[0];
	conf.all_sessions = how & 32;
	start.fd = ends[1];
	for (data++, size--; n < 4 && rig_next(&data, &size, &p); n++) {
		if (n == 0) {
			note = p.type == IPC_TTY_NOTE;
			asked = p.ref;
			sound = p.type == IPC_TTY_LOOK && !p.body.len &&
				!(p.flags & RIG_FD);
		}
		liar_send(ends[0], p.type, p.ref, p.body,
		    p.flags & RIG_FD ? message : -1);
	}
	shutdown(ends[0], SHUT_WR);
	tty_run(&start);
	heard = rig_hear(ends[0], &ref);
	if (heard != -1 && (heard != IPC_TTY_DONE || ref != asked))
		abort();
	if (sound && heard == -1)
		abort();
	close(ends[0]);
	low = dup(message);
	close(low);
	if (low > was + 1) /* its loop's */
		abort();
	return 0;
}
