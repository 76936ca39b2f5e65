/* who - the submitter, as the user database names him. */
#ifndef SENDMAIL_WHO_H
#define SENDMAIL_WHO_H

struct who {
	char login[64];	    /* a name, or "uid-1000" */
	char fullname[256]; /* or "" */
};

void who_am_i(struct who *);
#endif
