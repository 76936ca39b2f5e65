/* Sessions and transactions of RFC 5321. */
#include "tests/smtp_talk.h"

/* Behind another's final dot. */
#define NEXT "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"

static const struct row rows[] = {
	{ "lockstep", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C RCPT TO:<b@x>\nS 251 ok\nC DATA\nS 354 go\n" HI
		"S 250 2.6.0 taken\n",
	    .want = "D2.6.0 D2.6.0 | nothing" },
	{ "pipelined", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 250 ok\nS 354 go\n" HI "S 250 ok\n",
	    .want = "D2.0.0 D2.0.0 | nothing" },
	{ "pipelined_replies_one_by_one", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nwait\nS 250 ok\nwait\nS 354 go\n" HI "S 250 ok\n",
	    .want = "D2.0.0 | nothing" },
	{ "null_sender", "a@x",
	    OLD "C MAIL FROM:<>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\nC DATA\n"
		"S 354 go\n" HI "S 250 ok\n",
	    .want = "D2.0.0 | nothing", .from = "" },
	{ "multi_line_replies", "a@x",
	    "S 220-one\nS 220-two\nS 220 three\nC EHLO me\nS 250-x\n"
	    "S 250-SIZE 1000\nS 250-8BITMIME\nS 250 DSN\n"
	    "C MAIL FROM:<me@x> SIZE=3\nS 250-2.1.0 a\nS 250 2.1.0 b\n"
	    "C RCPT TO:<a@x>\nS 250 ok\nC DATA\nS 354-go\nS 354 on\n" HI
	    "S 250-2.0.0 one\nS 250 2.0.0 two\n",
	    .want = "D2.0.0 | nothing" },
	{ "two_messages_back_to_back", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT "S 250 ok\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI "S 250 ok\n",
	    .want = "D2.0.0 D2.0.0 | nothing", .mails = 2 },
	{ "three_messages_and_their_answers_together", "a@x",
	    NEW NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT
		     "S 250 2.6.0 ok\nS 250 ok\nS 250 ok\nS 354 go\n" HI NEXT
		     "S 451 4.3.0 ok\nS 250 ok\nS 250 ok\nS 354 go\n" HI
		     "S 250 2.6.1 ok\n",
	    .want = "D2.6.0 L4.3.0 D2.6.1 | nothing", .mails = 3 },
	{ "the_next_is_refused_behind_the_dot", "a@x",
	    NEW NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT
		     "S 250 ok\nS 250 ok\nS 550 5.1.1 no\nS 554 none\nC RSET\n"
		     "S 250 ok\n" NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI
		     "S 250 ok\n",
	    .want = "D2.0.0 N5.1.1 D2.0.0 | nothing", .mails = 3 },
	{ "the_next_is_not_begun_while_some_are_put_off", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 354 go\n" HI
		"S 250 ok\nC MAIL FROM:<me@x>\nC RCPT TO:<b@x>\nC DATA\n",
	    .want = "D2.0.0 - - - | MAIL", .mails = 2 },
	{ "lost_behind_the_dot", "a@x",
	    NEW NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT "lost\n",
	    .want = "L4.4.2 B | nothing to wait for 4.4.2", .mails = 2 },
	{ "421_at_the_dot_and_the_next_behind_it", "a@x",
	    NEW NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT "S 421 bye\n",
	    .want = "L4.3.2 B | nothing to wait for 4.3.2", .mails = 2 },
	{ "timeout_at_the_dot_and_the_next_behind_it", "a@x",
	    NEW NEXT "S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT "timeout\n",
	    .want = "L4.4.2 B | nothing to wait for 4.4.2", .mails = 2 },
	{ "lockstep_has_nothing_behind_the_dot", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C DATA\nS 354 go\n" HI "S 250 ok\nC MAIL FROM:<me@x>\n",
	    .want = "D2.0.0 - | MAIL", .mails = 2 },
	/* what is offered */
	{ "helo_after_500", "a@x",
	    GREET "S 500 what\nC HELO me\nS 250 hello\nC MAIL FROM:<me@x>\n"
		  "S 250 ok\nC RCPT TO:<a@x>\nS 250 ok\nC DATA\nS 354 go\n" HI
		  "S 250 ok\n",
	    .want = "D2.0.0 | nothing" },
	{ "helo_refused_too", "a@x", GREET "S 502 no\nC HELO me\nS 550 no\n",
	    .want = "- | nothing to wait for 4.3.0 host" },
	{ "ehlo_later", "a@x", GREET "S 450 busy\n",
	    .want = "- | nothing to wait for 4.3.0 host" },
	{ "eightbit_offered", "a@x",
	    GREET "S 250-x\nS 250 8BITMIME\nC MAIL FROM:<me@x> BODY=8BITMIME\n",
	    .want = "- | MAIL", .eightbit = true },
	{ "eightbit_not_needed", "a@x",
	    GREET "S 250-x\nS 250 8BITMIME\nC MAIL FROM:<me@x>\n",
	    .want = "- | MAIL" },
	{ "eightbit_not_offered", "a@x", OLD "C MAIL FROM:<me@x>\n",
	    .want = "- | MAIL", .eightbit = true },
	{ "size_exceeded", "a@x b@x", GREET "S 250-x\nS 250 SIZE 2\n",
	    .want = "N5.3.4 N5.3.4 | nothing" },
	{ "size_without_limit", "a@x",
	    GREET "S 250-x\nS 250 SIZE\nC MAIL FROM:<me@x> SIZE=3\n",
	    .want = "- | MAIL" },
	{ "utf8_offered", "\xc3\xa9@x",
	    GREET "S 250-x\nS 250 SMTPUTF8\nC MAIL FROM:<me@x> SMTPUTF8\n",
	    .want = "- | MAIL" },
	{ "utf8_not_offered", "a@x \xc3\xa9@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C DATA\nS 354 go\n" HI "S 250 ok\n",
	    .want = "D2.0.0 N5.6.7 | nothing" },
	{ "utf8_sender_not_offered", "a@x b@x", OLD,
	    .want = "N5.6.7 N5.6.7 | nothing", .from = "\xc3\xa9@x" },
	/* refusals */
	{ "mail_never", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 550 5.7.1 not you\nC RSET\nS 250 ok\n",
	    .want = "N5.7.1 N5.7.1 | nothing" },
	{ "mail_later", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 451 4.3.0 no\nC RSET\n",
	    .want = "L4.3.0 | RSET" },
	{ "mail_never_pipelined", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 552 too large\nS 503 no mail\nS 503 no rcpt\nC RSET\n",
	    .want = "N5.0.0 | RSET" },
	{ "mail_never_and_354_all_the_same", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 550 no\nS 250 ok\nS 354 go\nC .\nS 250 ok\n",
	    .want = "N5.0.0 | nothing" },
	{ "wants_a_password", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 530 5.7.0 authenticate first\n",
	    .want = "L4.7.0 | nothing to wait for 4.7.0" },
	{ "some_rcpts_refused", "a@x b@x c@x d@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\n"
		"C RCPT TO:<c@x>\nC RCPT TO:<d@x>\nC DATA\n"
		"S 250 ok\nS 550 5.1.1 who\nS 250 ok\nS 450 4.2.1 not now\n"
		"S 553 bad\nS 354 go\n" HI "S 250 2.0.0 ok\n",
	    .want = "N5.1.1 D2.0.0 L4.2.1 N5.0.0 | nothing" },
	{ "some_rcpts_refused_lockstep", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 550 5.1.1 w\n"
		"C RCPT TO:<b@x>\nS 250 ok\nC DATA\nS 354 go\n" HI "S 250 ok\n",
	    .want = "N5.1.1 D2.0.0 | nothing" },
	{ "all_rcpts_refused", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 550 no\n"
		"C RCPT TO:<b@x>\nS 450 no\nC RSET\nS 250 ok\n",
	    .want = "N5.0.0 L4.0.0 | nothing" },
	{ "all_rcpts_refused_pipelined", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 550 no\nS 554 no valid recipients\nC RSET\n",
	    .want = "N5.0.0 | RSET" },
	{ "no_recipients_and_354", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 550 5.1.1 no\nS 354 go\nC .\nS 554 none\nC RSET\n"
		"S 250 ok\n",
	    .want = "N5.1.1 | nothing" },
	{ "too_many_recipients_452", "a@x b@x c@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\n"
		"C RCPT TO:<c@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 452 too many\n"
		"S 354 go\n" HI "S 250 ok\n"
		"C MAIL FROM:<me@x>\nC RCPT TO:<b@x>\nC RCPT TO:<c@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 550 5.1.1 no\nS 354 go\n" HI
		"S 250 2.6.0 ok\n",
	    .want = "D2.0.0 D2.6.0 N5.1.1 | nothing" },
	{ "too_many_recipients_552", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 552 too many\nS 354 go\n" HI "S 250 ok\n"
		"C MAIL FROM:<me@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 452 no room\nS 554 none\nC RSET\n",
	    .want = "D2.0.0 L4.0.0 | RSET" },
	{ "too_many_recipients_and_lost", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 354 go\n" HI
		"lost\n",
	    .want = "L4.4.2 L4.4.2 | nothing to wait for 4.4.2" },
	{ "too_many_recipients_and_refused", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 354 go\n" HI
		"S 554 5.6.0 spam\n",
	    .want = "N5.6.0 L4.5.3 | nothing" },
	{ "too_many_recipients_data_refused", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 451 4.3.0 no\n"
		"C RSET\n",
	    .want = "L4.3.0 L4.5.3 | RSET" },
	{ "too_many_recipients_and_no_in_the_text", "a@x b@x c@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\n"
		"C RCPT TO:<c@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 452 4.5.3 too many\nS 250 ok\n"
		"S 354 go\nS 554 5.7.1 spam\n",
	    .want = "N5.7.1 L4.5.3 N5.7.1 | nothing to wait for 5.7.1" },
	{ "too_many_is_one", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 452 4.5.3 too many\nS 552 5.5.3 too many\n"
		"S 554 none\nC RSET\n",
	    .want = "L4.5.3 L4.5.3 | RSET" },
	{ "mailbox_full_552_without_words", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 552 full\nS 250 ok\nS 354 go\n" HI "S 250 ok\n",
	    .want = "N5.0.0 D2.0.0 | nothing" },
	{ "mailbox_full_552", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 552 5.2.2 full\nS 354 go\n" HI
		"S 250 ok\n",
	    .want = "D2.0.0 N5.2.2 | nothing" },
	{ "data_never", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C RCPT TO:<b@x>\nS 550 5.1.1 no\nC DATA\nS 554 5.3.0 no\n"
		"C RSET\n",
	    .want = "N5.3.0 N5.1.1 | RSET" },
	{ "dot_later", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 250 ok\nS 354 go\n" HI
		"S 451 4.7.1 greylisted\n",
	    .want = "L4.7.1 L4.7.1 | nothing" },
	{ "dot_never_leaves_the_refused_alone", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 450 4.2.1 no\nS 250 ok\nS 354 go\n" HI
		"S 554 5.6.0 spam\n",
	    .want = "L4.2.1 N5.6.0 | nothing" },
	{ "rset_refused", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 550 no\nC RSET\nS 500 what\n",
	    .want = "N5.0.0 | nothing to wait for 4.5.0" },
	/* 421 at each stage */
	{ "421_banner", "a@x", "S 421 4.3.2 busy\n",
	    .want = "- | nothing to wait for 4.3.2 host" },
	{ "554_banner", "a@x", "S 554 no service\n",
	    .want = "- | nothing to wait for 4.3.0 host" },
	{ "421_ehlo", "a@x", GREET "S 421 bye\n",
	    .want = "- | nothing to wait for 4.3.2 host" },
	{ "421_helo", "a@x", GREET "S 500 x\nC HELO me\nS 421 bye\n",
	    .want = "- | nothing to wait for 4.3.2 host" },
	{ "421_mail", "a@x", OLD "C MAIL FROM:<me@x>\nS 421 bye\n",
	    .want = "L4.3.2 | nothing to wait for 4.3.2" },
	{ "421_rcpt", "a@x b@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C RCPT TO:<b@x>\nS 421 4.4.5 bye\n",
	    .want = "L4.4.5 L4.4.5 | nothing to wait for 4.4.5" },
	{ "421_data", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\nS 250 ok\n"
		"S 250 ok\nS 421 bye\n",
	    .want = "L4.3.2 | nothing to wait for 4.3.2" },
	{ "421_dot", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\nS 250 ok\n"
		"S 250 ok\nS 354 go\n" HI "S 421 bye\n",
	    .want = "L4.3.2 | nothing to wait for 4.3.2" },
	{ "421_idle", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\nS 250 ok\n"
		"C DATA\nS 354 go\n" HI "S 250 ok\nwait\nS 421 idle\n",
	    .want = "D2.0.0 | nothing to wait for 4.5.0" },
	{ "421_at_the_second_message", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT
		"S 250 ok\nS 421 enough\n",
	    .want = "D2.0.0 B | nothing to wait for 4.3.2", .mails = 2 },
	/* lost */
	{ "lost_pipelining", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 550 5.1.1 no\nlost\n",
	    .want = "N5.1.1 L4.4.2 | nothing to wait for 4.4.2" },
	{ "lost_after_the_dot", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI "lost\n",
	    .want = "L4.4.2 | nothing to wait for 4.4.2" },
	{ "lost_when_reused", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 250 ok\nS 354 go\n" HI
		"C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nwait\nlost\n",
	    .want = "D2.0.0 D2.0.0 B B | nothing to wait for 4.4.2",
	    .mails = 2 },
	{ "lost_when_reused_but_heard", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI NEXT
		"S 250 ok\nS 250 ok\nlost\n",
	    .want = "D2.0.0 L4.4.2 | nothing to wait for 4.4.2", .mails = 2 },
	{ "lost_when_new", "a@x", OLD "C MAIL FROM:<me@x>\nlost\n",
	    .want = "L4.4.2 | nothing to wait for 4.4.2" },
	{ "lost_before_the_banner", "a@x", "lost\n",
	    .want = "- | nothing to wait for 4.4.2 host" },
	{ "timeout_at_rcpt", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nC RCPT TO:<a@x>\ntimeout\n",
	    .want = "L4.4.2 | nothing to wait for 4.4.2" },
	/* servers that do not speak SMTP */
	{ "banner_garbage", "a@x", "S SSH-2.0-OpenSSH_9.2\n",
	    .want = "- | nothing to wait for 4.5.0 host" },
	{ "banner_250", "a@x", "S 250 hello\n",
	    .want = "- | nothing to wait for 4.5.0 host" },
	{ "mail_354", "a@x", OLD "C MAIL FROM:<me@x>\nS 354 go\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "data_250", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 250 2.1.5 ok\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "dot_354", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI "S 354 more\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "mixed_codes", "a@x", OLD "C MAIL FROM:<me@x>\nS 250-a\nS 550 b\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "code_199", "a@x", OLD "C MAIL FROM:<me@x>\nS 199 a\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "code_alone", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250\nC RCPT TO:<a@x>\n",
	    .want = "- | RCPT" },
	{ "banner_and_more", "a@x", "S 220 x\nS 250 x\n",
	    .want = "- | nothing to wait for 4.5.0 host" },
	{ "reply_ahead_in_lockstep", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nS 250 ok\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "reply_ahead_cut_short", "a@x",
	    OLD "C MAIL FROM:<me@x>\nS 250 ok\nP 25\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "reply_in_pieces", "a@x",
	    OLD "C MAIL FROM:<me@x>\nP 25\nwait\nS 0 ok\nC RCPT TO:<a@x>\n",
	    .want = "- | RCPT" },
	{ "reply_ahead_of_the_next_message", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n" HI "S 250 ok\nS 250 ok\n",
	    .want = "D2.0.0 | nothing to wait for 4.5.0" },
	{ "reply_before_the_dot", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\nS 250 taken\n",
	    .want = "L4.5.0 | nothing to wait for 4.5.0" },
	{ "refused_before_the_dot", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\nS 552 5.3.4 too large\n",
	    .want = "N5.3.4 | nothing to wait for 5.3.4" },
	/* the text */
	{ "dots", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\n"
		"C ..\nC ...a\nC b.\nC \nC .\nS 250 ok\n",
	    .want = "D2.0.0 | nothing", .body = ".\n..a\nb.\n\n" },
	{ "no_newline_at_the_end", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\nC a\nC .\nS 250 ok\n",
	    .want = "D2.0.0 | nothing", .body = "a" },
	{ "empty_body", "a@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 354 go\nC .\nS 250 ok\n",
	    .want = "D2.0.0 | nothing", .body = "" },
	{ "damaged_body", "a@x b@x",
	    NEW "C MAIL FROM:<me@x>\nC RCPT TO:<a@x>\nC RCPT TO:<b@x>\nC DATA\n"
		"S 250 ok\nS 250 ok\nS 550 5.1.1 no\nS 354 go\nC hi\n",
	    .want = "X4.3.0 N5.1.1 | nothing to wait for 4.3.0",
	    .damaged = true },
};

/* A line and a reply without end are bounded. */
static void
test_bounds(void **state)
{
	struct smtp m;
	struct reply r = { 0 };
	struct buf in = { 0 };

	(void)state;
	smtp_init(&m, "me");
	for (int i = 0; i < 200 && m.step == AT_BANNER; i++) {
		buf_str(&in, "220-more\r\n");
		smtp_take(&m, &r, &in);
	}
	assert_int_equal(m.step, AT_END);
	assert_string_equal(m.why.status, "4.5.0");
	buf_reset(&in);
	reply_reset(&r);
	smtp_free(&m);
	smtp_init(&m, "me");
	buf_str(&in, "220 ");
	for (int i = 0; i < 3000 && m.step == AT_BANNER; i++) {
		buf_chr(&in, 'x');
		smtp_take(&m, &r, &in);
	}
	assert_int_equal(m.step, AT_END);
	assert_true(in.len <= SMTP_LINE + 1);
	smtp_free(&m);
	buf_free(&in);
	buf_free(&r.text);
}

/* The output is bounded, whatever the number of recipients. */
static void
test_room(void **state)
{
	enum { N = 1000 };
	struct smtp_rcpt *rcpts = calloc(N, sizeof *rcpts);
	struct letter l = { .talk = NULL };
	struct smtp_mail mail = { .from = "me@x",
		.rcpts = rcpts,
		.nrcpts = N,
		.answer = note_answer,
		.arg = &l };
	struct smtp m;
	struct buf out = { 0 };
	size_t rounds = 0, lines = 0;

	(void)state;
	for (size_t i = 0; i < N; i++)
		rcpts[i].addr = (char *)"someone@example.org";
	smtp_init(&m, "me");
	m.step = AT_IDLE;
	m.peer.offers = EHLO_PIPELINING;
	smtp_begin(&m, &mail);
	do {
		buf_reset(&out);
		smtp_more(&m, &out, 4096);
		assert_true(out.len < 4096 + 100);
		for (size_t i = 0; i < out.len; i++)
			lines += out.ptr[i] == '\n';
		rounds++;
	} while (out.len);
	assert_int_equal(lines, N + 2);
	assert_true(rounds > 5);
	buf_free(&out);
	free(rcpts);
	smtp_free(&m);
}

int
main(void)
{
	enum { N = sizeof rows / sizeof *rows };
	struct CMUnitTest tests[N + 2] = { cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_room) };

	for (size_t i = 0; i < N; i++)
		tests[i + 2] = (struct CMUnitTest){ rows[i].name, test_row,
			NULL, NULL, (void *)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
