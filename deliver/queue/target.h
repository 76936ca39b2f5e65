/* target - where a recipient's mail goes on this machine. */
#ifndef DELIVER_QUEUE_TARGET_H
#define DELIVER_QUEUE_TARGET_H

enum target_kind {
	T_BOX,	   /* the user's mailbox, as `local` says */
	T_FILE,	   /* a /file that the user owns */
	T_COMMAND, /* a |command that runs as the user */
	T_KINDS
};

struct target {
	enum target_kind kind;
	const char *user; /* as whom */
	const char *what; /* the path, or the words for /bin/sh; T_BOX: NULL */
};

#define TARGET_MAX 4096 /* octets of what */
#endif
