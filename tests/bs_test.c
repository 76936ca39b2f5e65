/* The dialogue as a loop over strings: what the client says, what it hears,
 * what is in the spool's files.  Each row is fed whole, octet by octet and in
 * pieces of seven. */
#include "sendmail/dialogue.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/rows.h"

#define HI "HELO x\n"
#define EH "EHLO x\n"
#define TO "MAIL FROM:<a@x.example>\nRCPT TO:<b@y.example>\n"
#define W_HI "220 here.example Simple Mail Transfer Service Ready\n"
#define W_HELO W_HI "250 here.example\n"
#define GO "354 Start mail input; end with <CRLF>.<CRLF>\n"
#define OK "250 OK\n"
#define BYE "221 here.example Service closing transmission channel\n"
#define B500 "500 Syntax error, command unrecognized\n"
#define B501 "501 Syntax error in parameters or arguments\n"
#define B503 "503 Bad sequence of commands\n"
#define W_EHLO                                                                 \
	W_HI "250-here.example greets x\n250-PIPELINING\n250-SIZE 5000\n"      \
	     "250-8BITMIME\n250-SMTPUTF8\n250-DSN\n250-REQUIRETLS\n250-"       \
	     "SEND\n250-SOML\n250-"                                            \
	     "SAML\n"                                                          \
	     "250-CHUNKING\n250-EXPN\n250-HELP\n250-ETRN\n"                    \
	     "250 ENHANCEDSTATUSCODES\n"
#define X10(s) s s s s s s s s s s

enum { NET = 1, SOCK = 2, NO_AGENT = 4, NO_ROOM = 8, NO_TTY = 16, CUT = 32 };

static const struct row {
	const char *name;
	unsigned how;
	struct {
		const char *ptr;
		size_t len;
	} in;
	const char *want; /* LF for CRLF; "*" at its end: whatever follows */
	const char *envelope; /* is in it, of the last message */
	const char *body; /* of each message behind its header, "|" between */
} rows[] = {
	{ "greeting", 0, S(""), W_HI, NULL, NULL },
	{ "helo", 0, S("HELO MIT-MC.ARPA\n"), W_HELO, NULL, NULL },
	{ "ehlo_lists_what_works", 0, S(EH), W_EHLO, NULL, NULL },
	{ "ehlo_without_terminals", NO_TTY, S(EH "SOML FROM:<a@x>\n"),
	    W_HI "250-here.example greets x\n250-PIPELINING\n250-SIZE 5000\n"
		 "250-8BITMIME\n250-SMTPUTF8\n250-DSN\n250-REQUIRETLS\n250-"
		 "CHUNKING\n250-EXPN\n"
		 "250-HELP\n250-ETRN\n250 ENHANCEDSTATUSCODES\n"
		 "502 5.5.1 SOML not available\n",
	    NULL, NULL },
	{ "requiretls", 0,
	    S(EH "MAIL FROM:<a@x> REQUIRETLS\nMAIL FROM:<a@x>\n"),
	    W_EHLO "250 2.1.0 OK\n503 5.5.1 Bad sequence of commands\n", NULL,
	    NULL },
	{ "requiretls_with_a_value", 0, S(EH "MAIL FROM:<a@x> REQUIRETLS=1\n"),
	    W_EHLO "501 5.5.4 Syntax error in parameters\n", NULL, NULL },
	{ "ehlo_to_a_network", NET | SOCK,
	    S("EHLO x\r\nEXPN l\r\nVRFY alice\r\nSEND FROM:<a@x>\r\n"
	      "ETRN x\r\n"),
	    W_HI
	    "250-here.example greets x\n250-PIPELINING\n250-SIZE 5000\n"
	    "250-8BITMIME\n250-SMTPUTF8\n250-DSN\n250-"
	    "CHUNKING\n"
	    "250-HELP\n250 ENHANCEDSTATUSCODES\n"
	    "502 5.5.1 EXPN not available\n"
	    "252 2.5.2 Cannot VRFY user, but will accept message and attempt "
	    "delivery\n502 5.5.1 SEND not available\n"
	    "458 4.3.0 Unable to queue messages for x\n",
	    NULL, NULL },
	/* RFC 821, appendix F */
	{ "scenario_4", SOCK,
	    S("HELO MIT-MC.ARPA\r\nVRFY Crispin\r\n"
	      "SEND FROM:<EAK@MIT-MC.ARPA>\r\n"
	      "RCPT TO:<Admin.MRC@here.example>\r\nDATA\r\n"
	      "Blah blah blah\r\n.\r\nQUIT\r\n"),
	    W_HELO
	    "250 Mark Crispin <Admin.MRC@here.example>\n" OK OK GO OK BYE,
	    "kind SEND\n", "Blah blah blah\n" },
	{ "scenario_5", SOCK,
	    S("HELO MIT-MC.ARPA\r\nVRFY Crispin\r\n"
	      "SEND FROM:<EAK@MIT-MC.ARPA>\r\nRCPT TO:<gone@here.example>\r\n"
	      "RSET\r\nMAIL FROM:<EAK@MIT-MC.ARPA>\r\n"
	      "RCPT TO:<gone@here.example>\r\nDATA\r\nBlah\r\n.\r\nQUIT\r\n"),
	    W_HELO "250 Mark Crispin <Admin.MRC@here.example>\n" OK
		   "450 User not active now\n" OK OK OK GO OK BYE,
	    "kind MAIL\n", "Blah\n" },
	{ "scenario_6", SOCK,
	    S("HELO MIT-MC.ARPA\r\nVRFY Crispin\r\n"
	      "SOML FROM:<EAK@MIT-MC.ARPA>\r\nRCPT TO:<gone@here.example>\r\n"
	      "DATA\r\nBlah\r\n.\r\nQUIT\r\n"),
	    W_HELO "250 Mark Crispin <Admin.MRC@here.example>\n" OK
		   "250 User not active now, so will do mail.\n" GO OK BYE,
	    "kind SOML\n", "Blah\n" },
	{ "a_lecture", 0,
	    S("HELLO mgu.ru\nMAIL FROM: berlin@sut.ru\nRCPT TO: beta@gsl.ru\n"
	      "DATA\nПривет, мир!\n.\nVRFY: alice\nEXPN: x,y,z\nHELP: mail\n"
	      "SMOL FROM: berlin@sut.ru\nRSET\nSMAL FROM:berlin@sut.ru\n"
	      "QUIT\n"),
	    W_HELO OK OK GO OK
	    "250 Alice Example <alice@here.example>\n"
	    "250-x1@here.example\n250-x2@here.example\n250-z1@here.example\n"
	    "250 No such list y\n"
	    "214 MAIL FROM:<path>: begins a message to mailboxes\n" OK OK OK
		BYE,
	    "from <berlin@sut.ru>\n", "Привет, мир!\n" },
	{ "after_ehlo_codes", 0,
	    S(EH TO "DATA\nhi\n.\nNOOP\nRSET\nFOO\nMAIL\nDATA\nQUIT\n"),
	    W_EHLO
	    "250 2.1.0 OK\n250 2.1.5 OK\n" GO
	    "250 2.0.0 OK, queued as 0DGWTEST00000001\n250 2.0.0 OK\n"
	    "250 2.0.0 OK\n500 5.5.2 Syntax error, command unrecognized\n"
	    "501 5.5.4 MAIL wants a parameter\n"
	    "503 5.5.1 Bad sequence of commands\n"
	    "221 2.0.0 here.example Service closing transmission "
	    "channel\n",
	    NULL, "hi\n" },
	{ "three_transactions", 0,
	    S(HI TO "DATA\none\n.\n" TO "RSET\n" TO "DATA\ntwo\n.\n" TO
		    "DATA\nthree\n.\n"),
	    W_HELO OK OK GO OK OK OK OK OK OK GO OK OK OK GO OK, NULL,
	    "one\n|two\n|three\n" },
	{ "header_of_the_client_stays", 0,
	    S(HI TO "DATA\nSubject: s\n\n..x\n..\n.\n"), W_HELO OK OK GO OK,
	    NULL, ".x\n.\n" },
	{ "order_mail_first", 0, S(HI "RCPT TO:<a@x>\nDATA\n"),
	    W_HELO B503 B503, NULL, NULL },
	{ "order_helo_first", 0, S("MAIL FROM:<a@x>\n"), W_HI B503, NULL,
	    NULL },
	{ "order_one_transaction", 0,
	    S(HI "MAIL FROM:<a@x>\nSEND FROM:<a@x>\n"), W_HELO OK B503, NULL,
	    NULL },
	{ "order_data_wants_rcpt", 0, S(HI "MAIL FROM:<a@x>\nDATA\n"),
	    W_HELO OK B503, NULL, NULL },
	{ "all_refused_554", 0,
	    S(HI "MAIL FROM:<a@x>\nRCPT TO:<nobody@here.example>\nDATA\n"),
	    W_HELO OK "550 User unknown\n554 Transaction failed\n", NULL,
	    NULL },
	{ "helo_again_resets", 0, S(HI TO "HELO y\nDATA\n"),
	    W_HELO OK OK "250 here.example\n" B503, NULL, NULL },
	{ "before_helo_others_work", 0, S("NOOP x\nRSET\nVRFY alice\nQUIT\n"),
	    W_HI OK OK "250 Alice Example <alice@here.example>\n" BYE, NULL,
	    NULL },
	{ "after_quit_nothing", 0, S("QUIT\nNOOP\nNOOP\n"), W_HI BYE, NULL,
	    NULL },
	{ "quit_takes_nothing", 0, S("QUIT now\n"), W_HI B501, NULL, NULL },
	{ "turn_502", 0, S(HI "TURN\nTURN x\n" TO "TURN\n"),
	    W_HELO "502 Command not implemented\n" B501 OK OK B503, NULL,
	    NULL },
	{ "etrn_starts_a_run", 0, S(HI "ETRN far.example\nETRN\n"),
	    W_HELO "250 Queuing for node far.example started\n" B501, NULL,
	    NULL },
	{ "help_verb", 0, S("HELP turn\nHELP nonsense\n"),
	    W_HI "214 TURN: always refused\n"
		 "504 Command parameter not implemented\n",
	    NULL, NULL },
	{ "no_agent", NO_AGENT,
	    S(HI "VRFY u\nEXPN l\nSEND FROM:<a@x.example>\nRCPT TO:<u>\n"),
	    W_HELO
	    "252 Cannot VRFY user, but will accept message and attempt "
	    "delivery\n"
	    "252 Cannot expand it now, but will accept message and attempt "
	    "delivery\n" OK OK,
	    NULL, NULL },
	{ "vrfy_ambiguous", 0, S(EH "VRFY smith\n"),
	    W_EHLO "553-5.1.4 Ambiguous; the possibilities are\n"
		   "553-5.1.4 <a@here.example>\n553 5.1.4 <b@here.example>\n",
	    NULL, NULL },
	{ "expn_some_unknown", 0, S(EH "EXPN y, z SMTPUTF8\n"),
	    W_EHLO "250-2.1.5 z1@here.example\n250 2.1.5 No such list y\n",
	    NULL, NULL },
	{ "expn_unknown", 0, S(EH "EXPN y\n"),
	    W_EHLO "550 5.1.1 No such list y\n", NULL, NULL },
	{ "path_quoted_blank_and_bracket", 0,
	    S(HI "MAIL FROM:<\"a >b\"@x.example>\nRCPT TO:<b@y.example>\n"
		 "DATA\n.\n"),
	    W_HELO OK OK GO OK, "from <\"a >b\"@x.example>\n", "" },
	{ "path_null_sender", 0,
	    S(HI "MAIL FROM:<>\nRCPT TO:<b@y.example>\nRCPT TO:<>\nDATA\n.\n"),
	    W_HELO OK OK B501 GO OK, "from <>\n", "" },
	{ "path_wrong", 0,
	    S(HI "MAIL FROM:<a@x\nMAIL FROM:\nMAIL TO:<a@x>\nMAIL FROM:<a@x>y\n"
		 "MAIL FROM:<a b@x>\n"),
	    W_HELO B501 B501 B501 B501 B501, NULL, NULL },
	{ "path_bare_is_qualified", 0,
	    S(HI "MAIL FROM:me\nRCPT TO:<b>\nDATA\n.\n"), W_HELO OK OK GO OK,
	    "to <b@here.example>\n", "" },
	{ "utf8_addresses", 0,
	    S(EH "MAIL FROM:<я@пример.рф> SMTPUTF8\n"
		 "RCPT TO:<ты@пример.рф>\nDATA\n.\n"),
	    W_EHLO "250 2.1.0 OK\n250 2.1.5 OK\n" GO
		   "250 2.0.0 OK, queued as 0DGWTEST00000001\n",
	    "to <ты@пример.рф>\n", "" },
	{ "dsn_is_kept", 0,
	    S(EH "MAIL FROM:<a@x.example> RET=HDRS ENVID=q+2B1 BODY=8BITMIME\n"
		 "RCPT TO:<b@y.example> NOTIFY=SUCCESS,DELAY "
		 "ORCPT=rfc822;b@y.example\nDATA\n.\n"),
	    W_EHLO "250 2.1.0 OK\n250 2.1.5 OK\n" GO
		   "250 2.0.0 OK, queued as 0DGWTEST00000001\n",
	    "ret HDRS\nenvid q+2B1\nto <b@y.example> notify=SUCCESS,DELAY "
	    "orcpt=rfc822;b@y.example\n",
	    "" },
	{ "parameters_wrong", 0,
	    S(EH "MAIL FROM:<a@x> FOO=1\nMAIL FROM:<a@x> SIZE=x\n"
		 "MAIL FROM:<a@x> SIZE=5001\nMAIL FROM:<a@x> RET=X\n"
		 "MAIL FROM:<a@x> BODY=7BIT BODY=7BIT\n"
		 "MAIL FROM:<a@x> SIZE=5000\n"
		 "RCPT TO:<b@x> NOTIFY=NEVER,DELAY\n"),
	    W_EHLO "555 5.5.4 Parameter not recognized\n"
		   "501 5.5.4 Syntax error in parameters\n"
		   "552 5.3.4 The message is larger than the limit of 5000 "
		   "octets\n"
		   "501 5.5.4 Syntax error in parameters\n"
		   "501 5.5.4 Syntax error in parameters\n250 2.1.0 OK\n"
		   "501 5.5.4 Syntax error in parameters\n",
	    NULL, NULL },
	{ "parameters_only_after_ehlo", 0, S(HI "MAIL FROM:<a@x> SIZE=1\n"),
	    W_HELO B501, NULL, NULL },
	/* line ends: CRLF sessions */
	{ "crlf_lf_dot_lf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\n.\nMAIL FROM:<evil@x>\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n.\nMAIL FROM:<evil@x>\n" },
	{ "crlf_lf_dot_crlf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\n.\r\nQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n.\nQUIT\n" },
	{ "crlf_crlf_dot_lf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r\n.\nQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n\nQUIT\n" },
	{ "crlf_cr_dot_cr", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r.\rQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1 . QUIT\n" },
	{ "crlf_cr_dot_crlf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r.\r\nQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1 .\nQUIT\n" },
	{ "crlf_crlf_dot_cr", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r\n.\rQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n QUIT\n" },
	{ "crlf_crlf_dot_crcrlf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r\n.\r\r\nQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n \nQUIT\n" },
	{ "crlf_crcrlf_dot_crlf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r\r\n.\r\nQUIT\r\n"),
	    W_HELO OK OK GO OK BYE, NULL, "1 \n" },
	{ "crlf_text_cr_dot_cr", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "\r\n1\r.\rQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n.\nQUIT\n" },
	{ "crlf_text_crcrlf_dot_crcrlf", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "\r\n1\r\n.\r\r\nQUIT\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, "1\n\n\nQUIT\n" },
	{ "crlf_nul_dot", 0,
	    S("HELO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
	      "1\r\0\n.\r\n.\0\r\n.\r\n"),
	    W_HELO OK OK GO OK, NULL, NULL },
	{ "crlf_command_with_lf", SOCK, S("HELO x\nNOOP\r\nNOOP\r\n"),
	    W_HI B500 OK, NULL, NULL },
	{ "crlf_command_with_cr", 0, S("NOOP\r\nNOOP\rNOOP\r\nNOOP\nNOOP\r\n"),
	    W_HI OK B500 B500, NULL, NULL },
	{ "socket_is_crlf", SOCK, S("NOOP\nQUIT\n"), W_HI, NULL, NULL },
	/* line ends: LF sessions */
	{ "lf_lf_dot_crlf", 0, S(HI TO "DATA\n1\n.\r\nQUIT\n.\n"),
	    W_HELO OK OK GO OK, NULL, "1\n\nQUIT\n" },
	{ "lf_crlf_dot_crlf", 0, S(HI TO "DATA\n1\r\n.\r\nQUIT\r\n.\n"),
	    W_HELO OK OK GO OK, NULL, "1\n\nQUIT\n" },
	{ "lf_cr_dot_cr", 0, S(HI TO "DATA\n1\r.\rQUIT\n.\n"),
	    W_HELO OK OK GO OK, NULL, "1 . QUIT\n" },
	{ "lf_cr_dot_lf", 0, S(HI TO "DATA\n1\r.\nQUIT\n.\n"),
	    W_HELO OK OK GO OK, NULL, "1 .\nQUIT\n" },
	{ "lf_command_with_crlf", 0, S("NOOP\nNOOP\rx\nNOOP\n"),
	    W_HI OK B500 OK, NULL, NULL },
	{ "first_octet_dot", 0, S(HI TO "DATA\n.\n"), W_HELO OK OK GO OK, NULL,
	    "" },
	/* chunks */
	{ "bdat_two", 0, S(EH TO "BDAT 5\nhe.\n.BDAT 4 LAST\n\nyo\nQUIT\n"),
	    W_EHLO "250 2.1.0 OK\n250 2.1.5 OK\n250 2.0.0 OK, chunk received\n"
		   "250 2.0.0 OK, queued as 0DGWTEST00000001\n"
		   "221 2.0.0 here.example Service closing transmission "
		   "channel\n",
	    NULL, "he.\n.\nyo\n" },
	{ "bdat_empty_last", 0, S(HI TO "BDAT 3\nhi\nBDAT 0 LAST\n"),
	    W_HELO OK OK OK OK, NULL, "hi\n" },
	{ "bdat_out_of_place_is_dropped", 0, S(HI "BDAT 5 LAST\nQUIT\nNOOP\n"),
	    W_HELO B503 OK, NULL, NULL },
	{ "bdat_then_data", 0, S(HI TO "BDAT 2\nhiDATA\nRSET\nBDAT 2 LAST\nhi"),
	    W_HELO OK OK OK B503 OK B503, NULL, NULL },
	{ "bdat_bad_size_ends", 0, S(HI TO "BDAT x\nNOOP\n"),
	    W_HELO OK OK "501 Syntax: BDAT octets [LAST]\n", NULL, NULL },
	{ "bdat_cut", CUT, S(HI TO "BDAT 9 LAST\nhi"), W_HELO OK OK, NULL,
	    NULL },
	/* limits */
	{ "line_of_2048", 0, S("NOOP " X10(X10("0123456789abcdefghi")) "\n"),
	    W_HI OK, NULL, NULL },
	{ "line_over_2048", 0,
	    S("NOOP " X10(X10("0123456789abcdefghijklmn")) "\nNOOP\n"),
	    W_HI B500 OK, NULL, NULL },
	{ "first_line_endless_crlf", 0,
	    S(X10(X10("0123456789abcdefghijklmn")) "\r\nNOOP\r\n"),
	    W_HI B500 OK, NULL, NULL },
	{ "line_over_holds_lf", SOCK,
	    S(X10(X10("0123456789abcdefghi\nQUIT\n")) "\r\nNOOP\r\n"),
	    W_HI B500 OK, NULL, NULL },
	{ "bad_twenty", 0, S(X10("X\nY\n") "NOOP\n"),
	    W_HI X10(B500) B500 B500 B500 B500 B500 B500 B500 B500 B500
	    "421 here.example Too many wrong commands, closing transmission "
	    "channel\n",
	    NULL, NULL },
	{ "nul_in_a_command", 0, S("NO\0OP\nMAIL FROM:<a\0@x>\n"),
	    W_HI B500 B500, NULL, NULL },
	{ "no_such_forms", 0, S("\n \nMAILFROM:<a@x>\nHEL x\n:\n<>\n"),
	    W_HI B500 B500 B500 B500 B500 B500, NULL, NULL },
	{ "too_large", 0,
	    S(HI TO
		"DATA\n" X10(X10("0123456789abcdef 0123456789"
				 "abcdef 0123456789abcdef\n")) "\n.\nNOOP\n"),
	    W_HELO OK OK GO "552 Requested mail action aborted: exceeded "
			    "storage allocation\n" OK,
	    NULL, NULL },
	{ "send_too_many_lines", 0,
	    S(HI "SEND FROM:<a@x>\nRCPT TO:<u>\nDATA\nA: b\n\n" X10(
		X10("\n\n")) "\n.\n"),
	    W_HELO OK OK GO
	    "552 Requested mail action aborted: exceeded storage allocation\n",
	    NULL, NULL },
	{ "no_room", NO_ROOM, S(HI TO "DATA\nNOOP\n"),
	    W_HELO OK OK
	    "452 Requested action not taken: insufficient system storage\n" OK,
	    NULL, NULL },
	{ "data_cut", CUT, S(HI TO "DATA\nhi\n."), W_HELO OK OK GO, NULL,
	    NULL },
	/* strangers */
	{ "stranger_no_relay", NET | SOCK,
	    S("EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"
	      "RCPT TO:<|x@here.example>\r\n"
	      "RCPT TO:<\"|x\"@here.example>\r\nRCPT TO:</f@here.example>\r\n"
	      "RCPT TO:<\":include:/x\"@here.example>\r\n"
	      "RCPT TO:<b%y.example@here.example>\r\n"
	      "RCPT TO:<@here.example:b@y.example>\r\nRCPT "
	      "TO:<b@[10.0.0.1]>\r\n"
	      "DATA\r\nhi\r\n.\r\n"),
	    W_HI "250-here.example greets x\n250-PIPELINING\n250-SIZE 5000\n"
		 "250-8BITMIME\n250-SMTPUTF8\n250-DSN\n250-"
		 "CHUNKING\n"
		 "250-HELP\n250 ENHANCEDSTATUSCODES\n250 2.1.0 OK\n"
		 "550 5.7.1 Relaying denied\n550 5.7.1 Relaying denied\n"
		 "550 5.7.1 Relaying denied\n550 5.7.1 Relaying denied\n"
		 "550 5.7.1 Relaying denied\n250 2.1.5 OK\n"
		 "550 5.7.1 Relaying denied\n550 5.7.1 Relaying denied\n" GO
		 "250 2.0.0 OK, queued as 0DGWTEST00000001\n",
	    "Received: from x ([192.0.2.1])", "hi\n" },
};

static unsigned how;
static int files[8];
static size_t nfiles;

static int
fake_verify(struct span who, struct buf *reply)
{
	if (how & NO_AGENT)
		return -1;
	if (span_eq(who, SPAN("Crispin")))
		buf_str(
		    reply, "250 2.1.5 Mark Crispin <Admin.MRC@here.example>");
	else if (span_eq(who, SPAN("smith")))
		buf_str(reply,
		    "553 5.1.4 Ambiguous; the possibilities are\n"
		    "553 5.1.4 <a@here.example>\n553 5.1.4 <b@here.example>");
	else
		buf_str(reply, "250 2.1.5 Alice Example <alice@here.example>");
	return 0;
}

static int
fake_expand(struct span list, struct buf *reply)
{
	if (how & NO_AGENT)
		return -1;
	if (span_eq(list, SPAN("x")))
		buf_str(reply, "250 2.1.5 x1@here.example\n"
			       "250 2.1.5 x2@here.example");
	else if (span_eq(list, SPAN("z")))
		buf_str(reply, "250 2.1.5 z1@here.example");
	else
		buf_fmt(reply, "550 5.1.1 No such list %.*s", (int)list.len,
		    list.ptr);
	return 0;
}

static int
fake_rcpt(enum env_kind kind, struct span who, struct buf *reply)
{
	if (how & NO_AGENT)
		return -1;
	if (span_eq(who, SPAN("nobody@here.example")))
		buf_str(reply, "550 5.1.1 User unknown");
	else if (kind == ENV_SEND && span_eq(who, SPAN("gone@here.example")))
		buf_str(reply, "450 4.2.1 User not active now");
	else if (kind == ENV_SOML && span_eq(who, SPAN("gone@here.example")))
		buf_str(
		    reply, "250 2.1.5 User not active now, so will do mail.");
	else
		buf_str(reply, "250 2.1.5 OK");
	return 0;
}

static int
fake_refused(struct deposit *m)
{
	(void)m;
	return 0;
}

static int
fake_make(void *arg, struct deposit *m)
{
	(void)arg;
	if (how & NO_ROOM) {
		errno = ENOSPC;
		return -1;
	}
	assert_true(nfiles < COUNT(files));
	m->fd = memfd_create("bs", MFD_CLOEXEC);
	m->dir = -1;
	files[nfiles++] = dup(m->fd);
	strlcpy(m->id, "0DGWTEST00000001", sizeof m->id);
	return m->fd == -1 ? -1 : 0;
}

static int
fake_run(void *arg)
{
	(void)arg;
	return 0;
}

static const struct dialogue_ops ops = { fake_verify, fake_expand, fake_rcpt,
	fake_refused, fake_make, fake_run, NULL };

/* The files of the session: those that were committed, and whether each was
 * whole; the rest must be empty. */
static void
look(struct buf *bodies, struct buf *last)
{
	for (size_t i = 0; i < nfiles; i++) {
		char *text = calloc(1, 65536), *end;
		ssize_t n = pread(files[i], text, 65535, 0);

		close(files[i]);
		if (n > 0) {
			struct spool_head h;
			struct env e;

			assert_int_equal(
			    spool_head_get(
				(struct span){ text, (size_t)n }, &h),
			    0);
			assert_int_equal(
			    n, SPOOL_HEAD + h.env_len + h.body_len);
			assert_int_equal(
			    env_decode(
				(struct span){ text + SPOOL_HEAD, h.env_len },
				&e),
			    0);
			env_free(&e);
			if (bodies->cap)
				buf_chr(bodies, '|');
			end = strstr(text + SPOOL_HEAD + h.env_len, "\n\n");
			assert_non_null(end);
			buf_add(bodies, end + 2,
			    (size_t)n - (size_t)(end + 2 - text));
			(void)buf_room(bodies, 1);
			buf_reset(last);
			buf_str(last, text);
		}
		free(text);
	}
	nfiles = 0;
}

static void
run(const struct row *r, size_t piece)
{
	static char here[] = "here.example", *locals[] = { here };
	static const struct conf conf = { .hostname = here,
		.domain = here,
		.local_domains = locals,
		.nlocal_domains = 1,
		.terminal = true,
		.max_size = 5000 };
	struct conf own = conf;
	struct dialogue d = { .conf = &own,
		.ops = &ops,
		.login = "tester",
		.fullname = "",
		.peer = r->how & NET ? "[192.0.2.1]" : NULL,
		.socket = r->how & SOCK };
	struct span in = { r->in.ptr, r->in.len };
	struct buf heard = { 0 }, bodies = { 0 }, last = { 0 };

	own.terminal = !(r->how & NO_TTY);
	how = r->how;
	dialogue_open(&d);
	while (in.len) {
		size_t n = in.len < piece ? in.len : piece;
		char *exact = malloc(n); /* an octet too far is seen by ASan */

		memcpy(exact, in.ptr, n);
		dialogue_feed(&d, (struct span){ exact, n });
		free(exact);
		in = span_from(in, n);
	}
	for (size_t i = 0; i < d.out.len; i++) {
		if (d.out.ptr[i] == '\r' && i + 1 < d.out.len &&
		    d.out.ptr[i + 1] == '\n')
			continue;
		assert_int_not_equal(d.out.ptr[i], '\r');
		buf_chr(&heard, d.out.ptr[i]);
	}
	assert_string_equal(buf_c(&heard), r->want);
	if (r->how & CUT)
		assert_true(d.at == AT_DATA || d.at == AT_BDAT);
	dialogue_close(&d);
	look(&bodies, &last);
	if (r->body)
		assert_string_equal(buf_c(&bodies), r->body);
	else if (strcmp(r->name, "crlf_nul_dot") != 0)
		assert_int_equal(bodies.cap, 0); /* nothing was queued */
	if (r->envelope)
		assert_non_null(strstr(buf_c(&last), r->envelope));
	buf_free(&heard);
	buf_free(&bodies);
	buf_free(&last);
}

static void
check(void **state)
{
	const struct row *r = *state;

	run(r, r->in.len ? r->in.len : 1);
	run(r, 1);
	run(r, 7);
}

static void
hundred_for_strangers(void **state)
{
	struct buf in = { 0 };
	struct row r = { .name = "x", .how = NET | SOCK };
	struct buf want = { 0 };

	(void)state;
	buf_str(&in, "HELO x\r\nMAIL FROM:<a@x>\r\n");
	buf_str(&want, W_HELO OK);
	for (int i = 0; i < 101; i++) {
		buf_fmt(&in, "RCPT TO:<u%d@here.example>\r\n", i);
		buf_str(&want, i < 100 ? OK
				       : "452 Requested action not taken: "
					 "insufficient system storage\n");
	}
	r.in.ptr = in.ptr;
	r.in.len = in.len;
	r.want = buf_c(&want);
	run(&r, in.len);
	buf_free(&in);
	buf_free(&want);
}

/* Its age counts from the dot: who thinks about a text for an hour has not
 * missed the minute in which it is shown. */
static void
as_old_as_its_end(void **state)
{
	static char here[] = "here.example", *locals[] = { here };
	static const struct conf conf = { .hostname = here,
		.domain = here,
		.local_domains = locals,
		.nlocal_domains = 1,
		.terminal = true,
		.max_size = 1 << 20 };
	static char line[] = "a line of sixteen\r\n";

	(void)state;
	for (int lines = 1; lines < 20000; lines += 18000) {
		struct dialogue d = { .conf = &conf,
			.ops = &ops,
			.login = "tester",
			.fullname = "" };
		struct buf bodies = { 0 }, last = { 0 };
		const char *at;

		how = 0;
		dialogue_open(&d);
		dialogue_feed(
		    &d, span_of("HELO x\r\nSAML FROM:<a@x>\r\n"
				"RCPT TO:<b@here.example>\r\nDATA\r\n"));
		d.mail.env.time_us = 1000000001000000;
		dialogue_feed(&d, span_of("Subject: s\r\n\r\n"));
		for (int i = 0; i < lines; i++)
			dialogue_feed(&d, span_of(line));
		dialogue_feed(&d, span_of(".\r\n"));
		dialogue_close(&d);
		at = NULL;
		if (nfiles == 1) {
			char head[400] = "";

			assert_true(
			    pread(files[0], head, sizeof head - 1, 0) > 0);
			at = strstr(head, "\ntime ");
			assert_non_null(at);
			assert_true(strtoll(at + 6, NULL, 10) > 1000000001);
		}
		assert_non_null(at);
		if (lines == 1)
			look(&bodies, &last);
		else
			close(files[0]);
		nfiles = 0;
		buf_free(&bodies);
		buf_free(&last);
	}
}

static void
time_out(void **state)
{
	static char here[] = "here.example";
	static const struct conf conf = { .hostname = here };
	struct dialogue d = { .conf = &conf, .ops = &ops };

	(void)state;
	dialogue_open(&d);
	dialogue_timeout(&d);
	assert_non_null(strstr(buf_c(&d.out), "\r\n421 here.example "));
	dialogue_feed(&d, span_of("NOOP\r\n"));
	assert_null(strstr(buf_c(&d.out), "250"));
	dialogue_close(&d);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 3];
	size_t n = 0;

	ADD_ROWS(tests, n, rows, check);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(hundred_for_strangers);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_old_as_its_end);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(time_out);
	return _cmocka_run_group_tests("bs", tests, n, NULL, NULL);
}
