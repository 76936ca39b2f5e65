#include "deliver/setup/provider.h"
#include <string.h>

static const struct provider all[] = {
	{ "gmail.com", "smtp.gmail.com", "465" },
	{ "googlemail.com", "smtp.gmail.com", "465" },
	{ "google", "smtp.gmail.com", "465" },
	{ "outlook.com", "smtp-mail.outlook.com", "587" },
	{ "hotmail.com", "smtp-mail.outlook.com", "587" },
	{ "live.com", "smtp-mail.outlook.com", "587" },
	{ "office365", "smtp.office365.com", "587" },
	{ "yahoo.com", "smtp.mail.yahoo.com", "465" },
	{ "aol.com", "smtp.aol.com", "465" },
	{ "icloud.com", "smtp.mail.me.com", "587" },
	{ "me.com", "smtp.mail.me.com", "587" },
	{ "mac.com", "smtp.mail.me.com", "587" },
	{ "fastmail.com", "smtp.fastmail.com", "465" },
	{ "gmx.net", "mail.gmx.net", "465" },
	{ "gmx.de", "mail.gmx.net", "465" },
	{ "gmx.com", "mail.gmx.com", "465" },
	{ "web.de", "smtp.web.de", "587" },
	{ "t-online.de", "securesmtp.t-online.de", "465" },
	{ "freenet.de", "mx.freenet.de", "465" },
	{ "posteo.de", "posteo.de", "465" },
	{ "posteo.net", "posteo.de", "465" },
	{ "mailbox.org", "smtp.mailbox.org", "465" },
	{ "zoho.com", "smtp.zoho.com", "465" },
	{ "yandex.com", "smtp.yandex.com", "465" },
	{ "yandex.ru", "smtp.yandex.ru", "465" },
	{ "mail.ru", "smtp.mail.ru", "465" },
	{ "orange.fr", "smtp.orange.fr", "465" },
	{ "free.fr", "smtp.free.fr", "465" },
	{ "laposte.net", "smtp.laposte.net", "465" },
	{ "comcast.net", "smtp.comcast.net", "587" },
	{ "sendgrid", "smtp.sendgrid.net", "465" },
	{ "mailgun", "smtp.mailgun.org", "465" },
	{ "postmark", "smtp.postmarkapp.com", "587" },
};

const struct provider *
provider_find(struct span s)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct span name = span_of(all[i].domain), first;

		if (span_ieq(s, name))
			return &all[i];
		first = span_cut(&name, '.');
		if (!span_has(s, '.') && span_ieq(s, first))
			return &all[i];
	}
	return NULL;
}
