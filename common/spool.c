#include "common/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define WRITING 0640
#define COMPLETE 0670
#define SYNCED 0660

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
spool_head_put(const struct spool_head *h, char line[SPOOL_HEAD])
{
	char text[SPOOL_HEAD + 1];

	snprintf(text, sizeof text,
	    "bellman 1 env %010u %08x body %016llu %08x\n", h->env_len,
	    h->env_sum, (unsigned long long)h->body_len, h->body_sum);
	memcpy(line, text, SPOOL_HEAD);
}

static int
hex(struct span s, uint32_t *out)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else
			return -1;
	}
	*out = v;
	return s.len == 8 ? 0 : -1;
}

int
spool_head_get(struct span s, struct spool_head *h)
{
	static const char *const form[] = { "bellman", NULL, "env", NULL, NULL,
		"body", NULL, NULL };
	struct span line, word[8];
	long long env_len, body_len;

	if (s.len < SPOOL_HEAD || s.ptr[SPOOL_HEAD - 1] != '\n')
		goto broken;
	line = (struct span){ s.ptr, SPOOL_HEAD - 1 };
	for (int i = 0; i < 8; i++) {
		word[i] = span_cut(&line, ' ');
		if (form[i] && !span_eq(word[i], span_of(form[i])))
			goto broken;
	}
	if (!span_eq(word[1], SPAN("1"))) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	if (line.ptr ||
	    word[3].len != 10 || /* the line's length does the rest */
	    span_num(word[3], 1, SPOOL_MAX_ENV, &env_len) == -1 ||
	    span_num(word[6], 0, INT64_MAX / 2, &body_len) == -1 ||
	    hex(word[4], &h->env_sum) == -1 || hex(word[7], &h->body_sum) == -1)
		goto broken;
	h->env_len = (uint32_t)env_len;
	h->body_len = (uint64_t)body_len;
	return 0;
broken:
	errno = EBADMSG;
	return -1;
}

bool
spool_id_valid(const char *name)
{
	size_t n = strspn(name, letters), digits;

	if (n != SPOOL_ID)
		return false;
	if (name[n] == '\0')
		return true;
	if (name[n] != '-' || name[n + 1] < '1' || name[n + 1] > '9')
		return false;
	digits = strspn(name + n + 1, "0123456789");
	n += 1 + digits;
	if (digits > 5 || name[n] == '\0')
		return digits <= 5;
	return strchr("ADMSW", name[n]) && name[n + 1] == '\0';
}

int64_t
spool_id_time(const char *id)
{
	uint64_t when = 0;

	for (int i = 0; i < 8; i++) {
		const char *at = id[i] ? strchr(letters, id[i]) : NULL;

		if (at == NULL)
			return 0;
		when = when << 5 | (uint64_t)(at - letters);
	}
	return (int64_t)(when >> 6);
}

/* By the system call: the two pages of the vDSO's clock would be as dear to a
 * process that looks once or twice as forty calls. */
struct timespec
spool_clock(void)
{
	struct timespec ts = { 0 };

#if defined SYS_clock_gettime && __SIZEOF_LONG__ == 8
	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) == 0)
		return ts;
#endif
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

void
spool_id_new(char id[SPOOL_IDSIZE])
{
	struct timespec ts = spool_clock();
	uint64_t when, chance;

	/* 40 bits: 34 of seconds, 6 of their fraction; 40 bits of chance */
	when =
	    (uint64_t)ts.tv_sec << 6 | (uint64_t)ts.tv_nsec * 64 / 1000000000;
	if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
		chance = (uint64_t)ts.tv_nsec << 24 ^ (uint64_t)getpid();
	for (int i = 7; i >= 0; i--, when >>= 5)
		id[i] = letters[when & 31];
	for (int i = 15; i >= 8; i--, chance >>= 5)
		id[i] = letters[chance & 31];
	id[SPOOL_ID] = '\0';
}

int
spool_create_as(int dirfd, const char *id)
{
	struct stat st;
	int saved, fd;

	fd = openat(dirfd, id,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, WRITING);
	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 || fstat(fd, &st) == -1) {
		saved = errno;
		unlinkat(dirfd, id, 0);
		close(fd);
		errno = saved;
		return -1;
	}
	if (st.st_nlink == 0) {
		/* Between open and flock it looked like a dead submitter's. */
		close(fd);
		errno = ESTALE;
		return -1;
	}
	return fd;
}

int
spool_create(int dirfd, char id[SPOOL_IDSIZE])
{
	int fd = -1;

	for (int tries = 0; tries < 16 && fd == -1; tries++) {
		spool_id_new(id);
		fd = spool_create_as(dirfd, id);
		/* EWOULDBLOCK: the agent holds its lock to remove it */
		if (fd == -1 && errno != EEXIST && errno != ESTALE &&
		    errno != EWOULDBLOCK)
			return -1;
	}
	return fd;
}

/* On these the sync of a new file carries its name along; a file system in
 * memory has nothing to sync. */
static bool
sync_carries_name(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

bool
spool_is_synced(mode_t mode)
{
	return (mode & 07777) == SYNCED;
}

bool
spool_is_complete(mode_t mode)
{
	return (mode & 07777) == COMPLETE || spool_is_synced(mode);
}

int
spool_sync(int fd, int dirfd)
{
	if (fsync(fd) == -1)
		return -1;
	return sync_carries_name(fd) ? 0 : fsync(dirfd);
}

int
spool_commit(int fd, int dirfd)
{
	int saved;

	if (fchmod(fd, COMPLETE) == -1 || spool_sync(fd, dirfd) == -1) {
		saved =
		    errno; /* a failed sync is final: never believe the next */
		spool_abort(fd);
		errno = saved;
		return -1;
	}
	(void)fchmod(fd, SYNCED); /* else it is synced once more */
	flock(fd, LOCK_UN);
	close(fd); /* all is on disk: nothing that close says changes that */
	return 0;
}

void
spool_abort(int fd)
{
	/* The mode first: emptied but "complete" would be taken for a message.
	 */
	if (fchmod(fd, WRITING) == 0 && ftruncate(fd, 0) == 0)
		flock(fd, LOCK_UN);
	close(fd);
}
