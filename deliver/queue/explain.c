#include "deliver/queue/explain.h"
#include <string.h>

/* The first row that fits: subject and detail of the status (RFC 3463 3; "*"
 * for any, "1.*" for any detail), and, where there is one, a part of the words
 * in lower case.  Rows with words come before those without, since servers
 * send 5.7.1 and 5.0.0 for nearly everything. */
static const struct {
	const char *status, *words;
	struct explanation e;
} rows[] = {
	{ "7.0", "returned by a person",
	    { "The sender, or the administrator of this machine, has taken it "
	      "out of the queue.",
		"Nothing is to be done; or send it again." } },
	{ "*", "greylist",
	    { "The server asks every new sender to come back later.",
		"Nothing is to be done: it is tried again by itself." } },
	{ "*", "graylist",
	    { "The server asks every new sender to come back later.",
		"Nothing is to be done: it is tried again by itself." } },
	{ "7.*", "relay",
	    { "The server does not take mail for that domain from this "
	      "machine.",
		"Ask the administrator: the relay needs another setting, or a "
		"password." } },
	{ "*", "relaying denied",
	    { "The server does not take mail for that domain from this "
	      "machine.",
		"Ask the administrator: the relay needs another setting, or a "
		"password." } },
	{ "7.*", "authentication required",
	    { "The server wants a user name and a password from this machine.",
		"Ask the administrator to set them for the relay." } },
	{ "7.*", "spf",
	    { "The server does not believe that this machine may send mail "
	      "for the sender's domain.",
		"Ask the administrator of the sender's domain, or send it "
		"through the relay of that domain." } },
	{ "7.*", "dmarc",
	    { "The rules of the sender's domain (DMARC) forbid mail that comes "
	      "from this machine.",
		"Send it through the relay of that domain." } },
	{ "7.*", "block",
	    { "The server refuses mail from this machine's network address, "
	      "or takes the message for junk.",
		"Ask the administrator, with the words above." } },
	{ "7.*", "spam",
	    { "The server takes the message for junk.",
		"Write it in another way, or ask the recipient by other means "
		"to let it through." } },
	{ "1.0", NULL,
	    { "The server does not accept the address.",
		"Check the address." } },
	{ "1.1", NULL,
	    { "There is no mailbox of that name.",
		"Check the address for a slip of the pen, or ask the recipient "
		"for the right one." } },
	{ "1.2", NULL,
	    { "The domain of the address does not exist, or has no mail "
	      "server.",
		"Check what stands behind the @." } },
	{ "1.3", NULL,
	    { "The address is not written as an address must be.",
		"Check the address." } },
	{ "1.4", NULL,
	    { "The address fits more than one recipient.",
		"Use a fuller address." } },
	{ "1.6", NULL,
	    { "The recipient has moved, and left no new address.",
		"Ask the recipient for the new address." } },
	{ "1.7", NULL,
	    { "The server does not accept the sender's address.",
		"Ask the administrator to set a sender that the server knows "
		"(\"sender\" in bellman.conf)." } },
	{ "1.8", NULL,
	    { "The domain of the sender's address does not exist for the "
	      "server.",
		"Ask the administrator to set a sender that the server knows "
		"(\"sender\" in bellman.conf)." } },
	{ "1.10", NULL,
	    { "The domain says that it takes no mail.",
		"Check what stands behind the @." } },
	{ "2.1", NULL,
	    { "The mailbox does not take messages now, or the user is not "
	      "there.",
		"Try again later, or send it as mail." } },
	{ "2.2", NULL,
	    { "The mailbox is full.",
		"Tell the recipient by other means; send it again later." } },
	{ "2.3", NULL,
	    { "The message is larger than the mailbox takes.",
		"Send it in parts, or leave large files where they can be "
		"fetched." } },
	{ "2.4", NULL,
	    { "The address is a list that cannot be resolved.",
		"Ask the owner of the list." } },
	{ "2.*", NULL,
	    { "The mailbox cannot be written.",
		"Ask the administrator of the recipient's machine." } },
	{ "3.1", NULL,
	    { "There is no room on the recipient's machine.",
		"Send it again later." } },
	{ "3.3", NULL,
	    { "The recipient cannot be served in the way that was asked for.",
		"Send it as ordinary mail." } },
	{ "3.4", NULL,
	    { "The message is too large.",
		"Send it in parts, or leave large files where they can be "
		"fetched." } },
	{ "3.*", NULL,
	    { "The mail system there has a trouble of its own.",
		"Send it again later, or ask the administrator." } },
	{ "4.1", NULL,
	    { "The server does not answer.", "Send it again later; if it stays "
					     "so, ask the administrator." } },
	{ "4.2", NULL,
	    { "The connection broke off.", "Send it again later; if it stays "
					   "so, ask the administrator." } },
	{ "4.3", NULL,
	    { "The name servers do not say where the mail is to go.",
		"Ask the administrator." } },
	{ "4.4", NULL,
	    { "No way to the recipient's machine is known.",
		"Ask the administrator; this machine may need a relay." } },
	{ "4.6", NULL,
	    { "The message runs in a circle: aliases or machines hand it to "
	      "each other.",
		"Ask the administrator to break the circle." } },
	{ "4.7", NULL,
	    { "It could not be delivered for as long as it may wait.",
		"Send it again later, or ask the administrator." } },
	{ "4.*", NULL,
	    { "The network, or the way to the recipient, is in trouble.",
		"Send it again later; if it stays so, ask the "
		"administrator." } },
	{ "5.3", NULL,
	    { "It has more recipients than the server takes.",
		"Send it to fewer at once." } },
	{ "5.*", NULL,
	    { "This machine and the server do not understand each other.",
		"Ask the administrator, with the words above." } },
	{ "6.7", NULL,
	    { "The server cannot take addresses that are not in ASCII.",
		"Use an address in ASCII." } },
	{ "6.*", NULL,
	    { "The server does not take a message with such a content.",
		"Send it in another form." } },
	{ "7.4", NULL,
	    { "What is needed for a protected way is not offered.",
		"Ask the administrator." } },
	{ "7.5", NULL,
	    { "The way to the server cannot be protected as it must be.",
		"Ask the administrator." } },
	{ "7.8", NULL,
	    { "The server does not accept the password of this machine.",
		"Ask the administrator." } },
	{ "7.10", NULL,
	    { "The way to the server cannot be protected as it must be.",
		"Ask the administrator." } },
	{ "7.*", NULL,
	    { "The server refuses the message by a rule of its own.",
		"Ask the recipient by other means, or the administrator, with "
		"the words above." } },
	{ "*", NULL,
	    { "The message was not accepted.",
		"Check the address, or ask the administrator, with the words "
		"above." } },
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool
has(struct span words, const char *part)
{
	size_t n = strlen(part), k;

	for (size_t i = 0; i + n <= words.len; i++) {
		for (k = 0; k < n && lower(words.ptr[i + k]) == part[k];)
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool
fits(const char *pattern, struct span detail)
{
	struct span p = span_of(pattern);

	if (p.ptr[p.len - 1] != '*')
		return span_eq(p, detail);
	p.len--;
	return span_starts(detail, p);
}

const struct explanation *
explain(struct span status, struct span words)
{
	size_t i = 0;

	span_cut(&status, '.'); /* the class says how sure it is, not why */
	if (status.ptr == NULL)
		status = SPAN("");
	while (i + 1 < sizeof rows / sizeof *rows &&
	       !(fits(rows[i].status, status) &&
		   (rows[i].words == NULL || has(words, rows[i].words))))
		i++;
	return &rows[i].e;
}
