/* misbehave_rows - ways to misbehave, in the words of fake_smtpd.py, and what
 * must come of each.  For misbehave_test.c. */
#ifndef TESTS_MISBEHAVE_ROWS_H
#define TESTS_MISBEHAVE_ROWS_H
#include "tests/net_rig.h"

#define PIPE "250-fake\\n250 PIPELINING"
#define LONG "okokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokok"

/* Each way, at each stage. */
static const struct at {
	const char *name, *key, *usual, *besides;
	int code;
	bool lmtp, opening, last;
} stages[] = {
	{ "banner", "banner", "220 fake", "", 220, false, true, false },
	{ "EHLO", "EHLO", PIPE, "", 250, false, true, false },
	{ "MAIL", "MAIL", "250 ok", "", 250, false, false, false },
	{ "RCPT", "RCPT", "250 ok", "", 250, false, false, false },
	{ "DATA", "DATA", "354 go", "", 354, false, false, false },
	{ "dot", "dot", "250 ok", "", 250, false, false, true },
	{ "BDAT", "dot", "250 ok",
	    ",\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 CHUNKING\"", 250,
	    false, false, true },
	{ "LMTP", "dot", "250 ok", "", 250, true, false, true },
};

/* %s is what is usually said, %d its code; status is that where a message is
 * under way, before one it is opening, if that is another. */
static const struct way {
	const char *name, *script, *status, *opening;
} ways[] = {
	{ "deaf", "deaf", "4.4.2", NULL },
	{ "close", "close", "4.4.2", NULL },
	{ "reset", "wait 0.3|reset", "4.4.2", NULL },
	{ "drip", "drip 0.3 %d " LONG LONG, "4.4.2", NULL },
	{ "drip_lines", "raw %d-a\\r\\n|wait 9|raw %d-a\\r\\n|deaf", "4.4.2",
	    NULL },
	{ "line_without_end", "flood 10000000 %d xxxxxxxxxxx", "4.5.0", NULL },
	{ "reply_without_end", "flood 10000000 %d-more\\r\\n", "4.5.0", NULL },
	{ "nul", "raw \\u0000\\u0000%d ok\\r\\n", "4.5.0", NULL },
	{ "binary", "raw \\u00ff\\u00fe\\u0001\\u0080\\n", "4.5.0", NULL },
	{ "torn_code", "raw 2|close", "4.4.2", NULL },
	{ "torn_reply", "raw %d-a\\r\\n|close", "4.4.2", NULL },
	{ "mixed_codes", "raw %d-a\\r\\n550 b\\r\\n", "4.5.0", NULL },
	{ "code_199", "199 ok", "4.5.0", NULL },
	{ "code_600", "600 ok", "4.5.0", NULL },
	{ "two_digits", "25 ok", "4.5.0", NULL },
	{ "wrong_code", "334 ok", "4.5.0", NULL },
	{ "closing", "421 4.3.2 bye|close", "4.3.2", NULL },
	{ "busy_for_ever", "451 4.3.0 no", "4.3.0", NULL },
};

enum { PAIRS = MANY(stages) * MANY(ways) };

/* Others, each by itself. */
static const struct row {
	const char *name, *script;
	enum outcome outcome;
	const char *status;
	bool lmtp;
	unsigned rcpts;
	enum { NEVER, MUST, MAY } tls;	     /* of the relay's settings */
	enum { NOBODY, LOGIN, CLEAR } login; /* CLEAR: even without TLS */
} rows[] = {
	{ "pipelining_is_a_lie", "{\"MAIL\":\"250 ok|close\"}", OUT_LATER,
	    "4.4.2", .rcpts = 1 },
	{ "chunking_is_a_lie",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 CHUNKING\","
	    "\"BDAT\":\"500 what\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1 },
	{ "chunking_is_a_lie_502",
	    "{\"EHLO\":\"250-fake\\n250 CHUNKING\",\"BDAT\":\"502 no\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1 },
	{ "size_of_nothing", "{\"EHLO\":\"250-fake\\n250 SIZE 1\"}", OUT_NEVER,
	    "5.3.4", .rcpts = 1 },
	{ "size_that_is_no_number", "{\"EHLO\":\"250-fake\\n250 SIZE -1x\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1 },
	{ "ehlo_of_a_hundred_words",
	    "{\"EHLO\":\"raw 250-fake\\r\\n250 AUTH " LONG LONG LONG
	    "\\r\\n\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1 },
	{ "ehlo_refused_helo_closed", "{\"EHLO\":\"500 x\",\"HELO\":\"close\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1 },
	{ "ehlo_refused_helo_deaf", "{\"EHLO\":\"500 x\",\"HELO\":\"deaf\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1 },
	{ "ehlo_refused_helo_refused",
	    "{\"EHLO\":\"500 x\",\"HELO\":\"550 go away\"}", OUT_LATER, "4.3.0",
	    .rcpts = 1 },
	{ "banner_twice", "{\"banner\":\"220 a\\n220 b\"}", OUT_LATER, "4.5.0",
	    .rcpts = 1 },
	{ "banner_and_ehlo_at_once", "{\"banner\":\"220 a\\n250 b\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1 },
	{ "ehlo_twice", "{\"EHLO\":\"250 a\\n250 b\"}", OUT_LATER, "4.5.0",
	    .rcpts = 1 },
	{ "mail_twice", "{\"MAIL\":\"250 a\\n250 b\"}", OUT_LATER, "4.5.0",
	    .rcpts = 1 },
	{ "dot_twice", "{\"dot\":\"250 a\\n250 b\"}", OUT_DELIVERED, "2.0.0",
	    .rcpts = 1 },
	{ "dot_before_the_dot", "{\"DATA\":\"354 go\\n250 taken\"}", OUT_LATER,
	    "4.5.0", .rcpts = 1 },
	{ "no_after_the_354", "{\"DATA\":\"354 go\\n552 5.3.4 large\"}",
	    OUT_NEVER, "5.3.4", .rcpts = 1 },
	{ "data_for_nobody", "{\"RCPT\":\"550 5.1.1 who\",\"DATA\":\"354 go\"}",
	    OUT_NEVER, "5.1.1", .rcpts = 1 },
	{ "data_after_mail_refused",
	    "{\"MAIL\":\"550 5.7.1 not you\",\"DATA\":\"354 go\"}", OUT_NEVER,
	    "5.7.1", .rcpts = 1 },
	{ "rset_closed", "{\"MAIL\":\"550 5.7.1 no\",\"RSET\":\"close\"}",
	    OUT_NEVER, "5.7.1", .rcpts = 1 },
	{ "rset_deaf", "{\"MAIL\":\"550 5.7.1 no\",\"RSET\":\"deaf\"}",
	    OUT_NEVER, "5.7.1", .rcpts = 1 },
	{ "rset_refused", "{\"MAIL\":\"550 5.7.1 no\",\"RSET\":\"500 x\"}",
	    OUT_NEVER, "5.7.1", .rcpts = 1 },
	{ "quit_deaf", "{\"QUIT\":\"deaf\"}", OUT_DELIVERED, "2.0.0",
	    .rcpts = 1 },
	{ "quit_closed", "{\"QUIT\":\"close\"}", OUT_DELIVERED, "2.0.0",
	    .rcpts = 1 },
	{ "quit_flood", "{\"QUIT\":\"flood 10000000 x\"}", OUT_DELIVERED,
	    "2.0.0", .rcpts = 1 },
	{ "wants_tls", "{\"MAIL\":\"530 5.7.0 STARTTLS first\"}", OUT_LATER,
	    "4.7.0", .rcpts = 1 },
	{ "wants_a_password", "{\"RCPT\":\"530 5.7.1 authenticate\"}",
	    OUT_LATER, "4.7.1", .rcpts = 1 },
	{ "lost_its_way", "{\"MAIL\":\"503 5.5.1 HELO first\"}", OUT_LATER,
	    "4.5.1", .rcpts = 1 },
	{ "injection_in_a_reply",
	    "{\"dot\":\"raw 550 5.1.1 x\\r\\u0000\\u001b[2J\\u0007\\r\\n\"}",
	    OUT_NEVER, "5.1.1", .rcpts = 1 },
	{ "lone_lf_replies",
	    "{\"banner\":\"raw 220 a\\n\",\"EHLO\":\"raw 250 a\\n\","
	    "\"MAIL\":\"raw 250 a\\n\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1 },
	{ "code_of_another_class", "{\"dot\":\"550 2.0.0 all is well\"}",
	    OUT_NEVER, "5.0.0", .rcpts = 1 },
	{ "stops_reading", "{\"DATA\":\"354 go|silent\"}", OUT_LATER, "4.4.2",
	    .rcpts = 1 },
	{ "too_many_without_end", "{\"RCPT\":[\"250 ok\",\"452 4.5.3 many\"]}",
	    OUT_LATER, "4.5.3", .rcpts = 3 },
	{ "limits_of_one",
	    "{\"EHLO\":\"250-fake\\n250 LIMITS MAILMAX=1 RCPTMAX=1\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 3 },
	{ "limits_of_nothing",
	    "{\"EHLO\":\"250-fake\\n250 LIMITS MAILMAX=0 RCPTMAX=0\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 3 },
	{ "lmtp_too_few_lines", "{\"dot\":[\"250 ok\",\"250 ok|close\"]}",
	    OUT_LATER, "4.4.2", .lmtp = true, .rcpts = 3 },
	{ "lmtp_too_many_lines", "{\"dot\":\"250 ok\\n250 ok\"}", OUT_DELIVERED,
	    "2.0.0", .rcpts = 1, .lmtp = true },
	{ "lmtp_speaks_smtp", "{\"LHLO\":\"500 what\"}", OUT_LATER, "4.3.0",
	    .rcpts = 1, .lmtp = true },
	{ "lmtp_data_for_nobody",
	    "{\"RCPT\":\"550 5.1.1 who\",\"DATA\":\"354 go\"}", OUT_NEVER,
	    "5.1.1", .rcpts = 1, .lmtp = true },
	/* TLS and passwords */
	{ "starttls_refused",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"454 4.7.0 not now\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = MUST },
	{ "starttls_refused_for_good",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"501 5.5.4 no\"}",
	    OUT_LATER, "4.5.4", .rcpts = 1, .tls = MUST },
	{ "starttls_unknown",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"500 what\"}",
	    OUT_LATER, "4.7.4", .rcpts = 1, .tls = MUST },
	{ "starttls_closed",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"close\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = MUST },
	{ "starttls_reset",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"wait 0.3|reset\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = MUST },
	{ "starttls_deaf",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"deaf\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = MUST },
	{ "starttls_drips",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"drip 0.3 220 "
	    "okokokokokokokokokokokokokokokokokokokokokokokokok\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = MUST },
	{ "starttls_injected",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go\\n250 injected\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_injected_half",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"raw 220 go\\r\\n25\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_garbage_for_a_handshake",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go|wait 0.2|raw no "
	    "handshake\\r\\n\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_closed_in_the_handshake",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go|close\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_silent_in_the_handshake",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go|deaf\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_flood_for_a_handshake",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go|wait 0.2|flood 10000000 x\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_wrong_code",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"250 go\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = MUST },
	{ "starttls_without_end",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"flood 10000000 220-x\\r\\n\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = MUST },
	{ "starttls_not_offered", "{}", OUT_LATER, "4.7.5", .rcpts = 1,
	    .tls = MUST },
	{ "starttls_hidden_in_the_greeting",
	    "{\"EHLO\":\"250-fake STARTTLS\\n250 XSTARTTLS\"}", OUT_LATER,
	    "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_not_for_helo", "{\"EHLO\":\"500 what\"}", OUT_LATER,
	    "4.7.5", .rcpts = 1, .tls = MUST },
	{ "starttls_refused_but_not_needed",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"454 4.7.0 not now\"}",
	    OUT_DELIVERED, "2.0.0", .rcpts = 1, .tls = MAY },
	{ "starttls_injected_where_not_needed",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250 "
	    "STARTTLS\",\"STARTTLS\":\"220 go\\n250 injected\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MAY },
	{ "auth_before_tls", "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\"}",
	    OUT_LATER, "4.7.5", .rcpts = 1, .tls = MUST, .login = LOGIN },
	{ "auth_without_tls_at_all",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\"}", OUT_LATER,
	    "4.7.0", .rcpts = 1, .tls = NEVER, .login = LOGIN },
	/* Whoever listens could guess at the password in peace. */
	{ "auth_cram_without_tls",
	    "{\"EHLO\":\"250-fake\\n250 AUTH CRAM-MD5\"}", OUT_LATER, "4.7.0",
	    .rcpts = 1, .tls = NEVER, .login = LOGIN },
	{ "auth_scram_where_tls_may_be",
	    "{\"EHLO\":\"250-fake\\n250 AUTH SCRAM-SHA-256 SCRAM-SHA-1\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = MAY, .login = LOGIN },
	{ "auth_downgraded",
	    "{\"EHLO\":\"250-fake\\n250-PIPELINING\\n250-STARTTLS\\n250 AUTH "
	    "PLAIN\",\"STARTTLS\":\"454 no\"}",
	    OUT_LATER, "4.7.4", .rcpts = 1, .tls = MUST, .login = LOGIN },
	{ "auth_downgraded_where_tls_may_be",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\"}", OUT_LATER,
	    "4.7.0", .rcpts = 1, .tls = MAY, .login = LOGIN },
	{ "auth_refused",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"535 "
	    "5.7.8 no\"}",
	    OUT_LATER, "4.7.8", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_later",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"454 "
	    "4.7.0 later\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_closed",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"close\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_deaf",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"deaf\"}",
	    OUT_LATER, "4.4.2", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_flood",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"flood "
	    "10000000 334-x\\r\\n\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_garbage",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"raw "
	    "\\u0000\\r\\n\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_421",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"421 "
	    "4.3.2 bye|close\"}",
	    OUT_LATER, "4.3.2", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_two_replies",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"235 "
	    "ok\\n235 ok\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_354",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"354 "
	    "go\"}",
	    OUT_LATER, "4.5.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_challenges_without_end",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"334 "
	    "\",\"other\":\"334 \"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_challenge_of_garbage",
	    "{\"EHLO\":\"250-fake\\n250 AUTH SCRAM-SHA-256\",\"AUTH\":\"334 "
	    "!!!\",\"other\":\"334 !!!\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_scram_that_proves_nothing",
	    "{\"EHLO\":\"250-fake\\n250 AUTH SCRAM-SHA-256\",\"AUTH\":\"235 "
	    "2.7.0 welcome\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_of_no_known_kind",
	    "{\"EHLO\":\"250-fake\\n250 AUTH XYZ GSSAPI\"}", OUT_LATER, "4.7.0",
	    .rcpts = 1, .tls = NEVER, .login = CLEAR },
	{ "auth_not_offered", "{}", OUT_LATER, "4.7.0", .rcpts = 1,
	    .tls = NEVER, .login = CLEAR },
	{ "auth_accepted_and_then_not",
	    "{\"EHLO\":\"250-fake\\n250 AUTH PLAIN LOGIN\",\"AUTH\":\"235 "
	    "ok\",\"MAIL\":\"530 5.7.0 log in\"}",
	    OUT_LATER, "4.7.0", .rcpts = 1, .tls = NEVER, .login = CLEAR },
};
#endif
