/* role - who is who: one row a role. */
#ifndef DELIVER_ROLE_H
#define DELIVER_ROLE_H
#include "common/conf.h"
#include <stdint.h>
#include <sys/types.h>

enum role {
	ROLE_PARENT,
	ROLE_QUEUE,
	ROLE_NET,
	ROLE_DNS,
	ROLE_USER,
	ROLE_TTY,
	ROLE_MIME,
	ROLE_TOKEN,
	ROLE_SUBMIT,
	ROLES
};

/* What a user process is forked for: it decides on its groups. */
enum user_purpose {
	FOR_BOX,     /* his mailbox, as `local` says */
	FOR_READ,    /* his .forward, or a list that he owns */
	FOR_FILE,    /* a /file that is his */
	FOR_COMMAND, /* a |command that runs as him */
	FOR_FORWARD, /* FOR_READ, unless the parent sees that he has no
			.forward: then there is nothing to read */
	PURPOSES
};

/* What a role finds when it begins, already with its own identity. */
struct role_start {
	const struct conf *conf;
	int fd;	    /* parent for queue, net and dns; queue for user and tty */
	bool once;  /* a pass: say IPC_DONE when nothing is due any more */
	bool idle;  /* say IPC_DONE when nothing has waited for a while */
	bool force; /* at its start everything is due (deliver -q) */
	/* user and tty: whom for, looked up by the parent */
	const char *user, *home, *shell;
	uid_t uid;
	gid_t gid;
	enum user_purpose purpose;
	bool local;   /* FOR_COMMAND: the one of the setting `local` */
	bool nothing; /* FOR_FORWARD: there is none */
	/* Root's .forward, opened and checked by the parent, who does not read
	 * it: for FOR_READ of root; and for FOR_FILE and FOR_COMMAND, who look
	 * for their words there and in the aliases (deliver/user/named.h) */
	int forward;	    /* or -1 */
	int forward_status; /* enum read_status, and why */
	const char *forward_why;
	int aliases;	   /* or -1 */
	int aliases_error; /* errno; 0: there are none */
	gid_t mail;	   /* the group mail */
	int control;	   /* queue: listening socket, or -1 */
	/* mime: fd is the message file; the part of it, and where it goes to */
	int out;
	uint64_t offset, octets;
	unsigned wanted;      /* IPC_7BIT, ... */
	bool probe;	      /* net: only walk the ways, and say so to out */
	const char *probe_to; /* to this recipient only; or NULL */
	bool probe_find;      /* net: only say where SRV leads */
	bool trial;	      /* net: only secrets, not the file, counts */
	int secrets;	      /* net: systemd's credential, opened; 0: none */
	char **command;	      /* token: what is run, its output to out */
	size_t ncommand;
};

struct role_row {
	const char *name; /* "queue": in logs and process titles */
	const char *user; /* NULL: root, or the recipient */
	void (*run)(const struct role_start *); /* returns when it has ended */
};
extern const struct role_row role_rows[ROLES];

/* The user database's word on who the roles are. */
struct role_ids {
	uid_t uid[ROLES];
	gid_t gid[ROLES];
	gid_t mail, tty;
};
/* 0, or -1 with a sentence in why. */
int role_ids(struct role_ids *, struct buf *why);
bool role_owns(const struct role_ids *, uid_t); /* a role's uid, or root's */

/* FOR_BOX: the path of that user's mailbox, as `local` says. */
void role_box(const struct role_start *, struct buf *path);

/* Forks; the child keeps keep[] and standard error, becomes id and runs the
 * role with start.  The pid, or -1 with errno. */
struct priv_id;
pid_t role_fork(enum role, const struct priv_id *id,
    const struct role_start *start, const int *keep, int nkeep);
#endif
