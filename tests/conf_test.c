#include "common/conf.h"
#include "tests/rows.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file and the sentence about it, which begins "F:". */
static const struct wrong {
	const char *name;
	struct span text;
	const char *want;
} wrongs[] = {
	{ "unknown_setting", S("\n\nretyr 5m\n"),
	    "F:3: unknown setting \"retyr\"; did you mean \"retry\"?" },
	{ "unknown_setting_in_relay", S("relay x {\nhots a 25\n}\n"),
	    "F:2: unknown setting \"hots\"; did you mean \"host\"?" },
	{ "of_a_relay_outside_of_it", S("tls verify\n"),
	    "F:1: \"tls\" is a setting of one relay; it stands in the block: "
	    "relay NAME { tls ... }" },
	{ "equals_sign", S("hostname = mail.example\n"),
	    "F:1: no \"=\" belongs between \"hostname\" and its value" },
	{ "equals_sign_in_a_block", S("relay x {\nhost = a 25\n}\n"),
	    "F:2: no \"=\" belongs between \"host\" and its value" },
	{ "relay_none_and_more", S("relay none 25"),
	    "F:1: junk behind the value of \"relay\": \"25\"" },
	{ "unknown_limit", S("limits sice 5M"),
	    "F:1: unknown setting \"sice\"; did you mean \"size\"?" },
	{ "unknown_value", S("relay x {\nhost a 25\ntls verfy\n}\n"),
	    "F:3: unknown word \"verfy\" behind \"tls\"; "
	    "did you mean \"verify\"?" },
	{ "case_matters", S("Relay a 25"),
	    "F:1: unknown setting \"Relay\"; did you mean \"relay\"?" },
	{ "escapes_are_not_shown", S("\"a\xff\x80\" b"),
	    "F:1: unknown setting \"a??\"; bellman.conf(5) has them all" },
	{ "word_of_another_mailer", S("smarthost a.example"),
	    "F:1: unknown setting \"smarthost\"; here that is relay" },
	{ "password_in_a_block", S("relay x {\nhost a 25\npassword p\n}"),
	    "F:3: no password stands here, where everybody can read it, but in "
	    "/etc/bellman/secrets: a line HOST USER PASSWORD (see SECRETS in "
	    "bellman.conf(5))" },

	{ "sender_no_pattern", S("sender root <a@b>"),
	    "F:1: \"root\" is no pattern of senders; write name@domain, "
	    "name@*, *@domain or *" },
	{ "sender_in_brackets", S("sender <root@a> <a@b>"),
	    "F:1: \"<root@a>\" is no pattern of senders; write name@domain, "
	    "name@*, *@domain or *" },
	{ "sender_star_in_domain", S("sender root@*.a <a@b>"),
	    "F:1: \"root@*.a\" is no pattern of senders; write name@domain, "
	    "name@*, *@domain or *" },
	{ "sender_without_brackets", S("sender root@* a@b"),
	    "F:1: \"a@b\" behind \"sender\" is no address in angle brackets; "
	    "write <name@domain>" },
	{ "sender_without_domain", S("sender root@* <a>"),
	    "F:1: \"<a>\" behind \"sender\" is no address in angle brackets; "
	    "write <name@domain>" },
	{ "sender_null", S("sender root@* <>"),
	    "F:1: \"<>\" behind \"sender\" is no address in angle brackets; "
	    "write <name@domain>" },
	{ "sender_phrase_alone", S("sender root@* \"host alerts\""),
	    "F:1: \"host alerts\" behind \"sender\" is no address in angle "
	    "brackets; write <name@domain>" },
	{ "sender_phrase_of_two", S("sender root@* host alerts <a@b>"),
	    "F:1: \"alerts\" behind \"sender\" is no address in angle "
	    "brackets; write <name@domain>, and a name of several words in "
	    "quotes" },
	{ "sender_pattern_alone", S("sender root@*"),
	    "F:1: \"sender\" needs an address in angle brackets" },
	{ "sender_twice", S("sender a@b <c@d>\nsender A@B <e@f>"),
	    "F:2: the senders \"A@B\" were already set in line 1" },

	{ "route_of_what", S("route sende a@b relay x"),
	    "F:1: unknown word \"sende\" behind \"route\"; "
	    "did you mean \"sender\"?" },
	{ "route_to_where", S("route domain a rely x"),
	    "F:1: unknown word \"rely\" behind \"route\"; "
	    "did you mean \"relay\"?" },
	{ "route_to_nothing", S("route domain a"),
	    "F:1: \"route\" needs relay, smtp, lmtp or mx behind the "
	    "pattern" },
	{ "route_to_no_relay",
	    S("route domain a relay wrok\nhold no\nrelay work { host a 1 }"),
	    "F:1: there is no relay \"wrok\"; did you mean \"work\"?" },
	{ "route_to_main_that_is_not", S("\nroute sender a@b relay main"),
	    "F:2: there is no relay \"main\"; name a relay that has a block "
	    "of its own, or write one" },
	{ "route_domain_no_pattern", S("route domain *.a relay mx"),
	    "F:1: \"*.a\" is no domain name" },
	{ "route_domain_dot", S("route domain . relay mx"),
	    "F:1: \"\" is no domain name" },
	{ "route_sender_no_pattern", S("route sender @a relay mx"),
	    "F:1: \"@a\" is no pattern of senders; write name@domain, "
	    "name@*, *@domain or *" },
	{ "route_twice", S("route domain a mx\nroute domain A relay mx"),
	    "F:2: the domain \"A\" has a route already, in line 1" },
	{ "route_sender_twice",
	    S("route sender *@a mx\nroute sender *@a relay mx"),
	    "F:2: the sender \"*@a\" has a route already, in line 1" },
	{ "route_smtp_bad_host", S("route domain a smtp 10.0.0.5:25"),
	    "F:1: \"10.0.0.5:25\" is no host; write 10.0.0.5 and, behind a "
	    "blank, its port: 25" },
	{ "route_smtp_bad_port", S("route domain a smtp b 0"),
	    "F:1: \"0\" is no port; write 1 to 65535, or a service's name, as "
	    "submissions" },
	{ "route_smtp_long_port",
	    S("route domain a smtp b 0000000000000000000000000000000000025"),
	    "F:1: \"0000000000000000000000000000000000025\" is no port; "
	    "write 1 to 65535, or a service's name, as submissions" },
	{ "route_lmtp_without_port", S("route domain a lmtp b"),
	    "F:1: \"route\" needs a port behind the host, as 24" },
	{ "route_lmtp_up", S("route domain a lmtp /run/../x"),
	    "F:1: \"..\" is not allowed in a path" },
	{ "route_lmtp_long",
	    S("route domain a lmtp /0123456789abcdef0123456789abcdef0123456789"
	      "abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567"
	      "89a"),
	    "F:1: \"/0123456789abcdef0123456789abcdef0123456789abcdef012345678"
	    "9a...\" is too long for the path of a socket, which has at most "
	    "107 octets" },
	{ "route_mx_pin", S("route domain a mx pin"),
	    "F:1: unknown word \"pin\" behind \"route\"; "
	    "did you mean \"dane\"?" },
	{ "route_junk", S("route domain a relay mx dane"),
	    "F:1: junk behind the value of \"route\": \"dane\"" },

	{ "pin_short", S("relay x {\nhost a 25\ntls pin sha256:00\n}"),
	    "F:3: \"sha256:00\" is no pin; write sha256: and the 64 hex digits "
	    "of the public key's sum" },
	{ "pin_no_hex",
	    S("relay x { tls pin "
	      "sha256:"
	      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg"
	      " }"),
	    "F:1: "
	    "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef01234..."
	    "\" is no pin; write sha256: and the 64 hex digits of the public "
	    "key's sum" },
	{ "pin_none", S("relay x {\nhost a 25\ntls pin\n}"),
	    "F:3: \"tls\" needs pins behind pin: sha256:HEX" },
	{ "mechanism", S("relay x {\nauth scram-sha-257\n}"),
	    "F:2: unknown word \"scram-sha-257\" behind \"auth\"; "
	    "did you mean \"scram-sha-256\"?" },
	{ "auth_none", S("relay x {\nauth\n}"),
	    "F:2: \"auth\" needs one mechanism or more" },
	{ "auth_twice", S("relay x { auth plain ; auth login }"),
	    "F:1: \"auth\" was already set in line 1" },
	{ "user_empty", S("relay x { user \"\" }"),
	    "F:1: \"\" behind \"user\" is no name" },
	{ "user_twice", S("relay x { user a\nuser b }"),
	    "F:2: \"user\" was already set in line 1" },
	{ "token_relative", S("relay x { token mutt_oauth2 }"),
	    "F:1: \"mutt_oauth2\" behind \"token\" is no path; "
	    "it must begin with /" },
	{ "password_relative", S("relay x { password-command pass x }"),
	    "F:1: \"pass\" behind \"password-command\" is no path; "
	    "it must begin with /" },
	{ "ca_relative", S("relay x { ca ca.pem }"),
	    "F:1: \"ca.pem\" behind \"ca\" is no path; "
	    "it must begin with /" },
	{ "key_alone", S("relay x { host a 25 ; key /k }"),
	    "F:1: relay \"x\" says key, and no cert" },
	{ "never_and_user", S("relay x { host a 25 ; user u ; tls never }"),
	    "F:1: relay \"x\" says tls never, so it does not log in; say "
	    "auth-without-tls yes if anybody on the way may read the "
	    "password" },
	{ "sessions_none", S("relay x { sessions 0 }"),
	    "F:1: \"0\" behind \"sessions\" is not between 1 and 1000" },
	{ "protocol", S("relay x { protocol uucp }"),
	    "F:1: unknown word \"uucp\" behind \"protocol\"; "
	    "did you mean \"smtp\"?" },
	{ "socket_for_smtp", S("relay x { host /run/x }"),
	    "F:1: relay \"x\" has a socket for its host, which only protocol "
	    "lmtp can use" },
	{ "socket_with_port", S("relay x { host /run/x 24 }"),
	    "F:1: junk behind the value of \"host\": \"24\"" },
	{ "socket_with_tls",
	    S("relay x { host /run/x ; protocol lmtp ; tls verify }"),
	    "F:1: relay \"x\" asks for TLS through a socket of this "
	    "machine" },
	{ "socket_in_a_line", S("relay /run/x 25"),
	    "F:1: \"/run/x\" is no domain name" },
	{ "lmtp_by_mx", S("relay x { mx a.example ; protocol lmtp }"),
	    "F:1: relay \"x\" says protocol lmtp, which no MX or SRV record "
	    "names" },
	{ "mx_beside_host", S("relay x {\nhost a 25\nmx b\n}"),
	    "F:3: line 2 says already where relay \"x\" is; only one of host, "
	    "mx and srv may stand in a block" },
	{ "host_beside_srv", S("relay x {\nsrv b\nhost a 25\n}"),
	    "F:1: relay \"x\" says host beside mx or srv; only one of them "
	    "may stand in a block" },
	{ "srv_no_domain", S("relay x { srv [1.2.3.4] }"),
	    "F:1: \"[1.2.3.4]\" is no domain name" },
	{ "sts_of_a_host", S("relay x { host a 25 ; mta-sts yes }"),
	    "F:1: relay \"x\" says mta-sts, which is only for MX" },
	{ "mx_with_host", S("relay mx { host a 25 }"),
	    "F:1: relay \"mx\" is the recipient's own servers: it has no "
	    "host" },
	{ "mx_logs_in", S("relay mx { user a }"),
	    "F:1: relay \"mx\" is the servers of strangers: it logs in to "
	    "none" },
	{ "mx_pinned",
	    S("relay mx { tls pin "
	      "sha256:"
	      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	      " }"),
	    "F:1: relay \"mx\" is the servers of strangers: it has no pins" },
	{ "mx_twice", S("relay mx { tls never }\nrelay mx { tls dane }"),
	    "F:2: relay \"mx\" was already set in line 1" },
	{ "relay_name_like_ours", S("relay smtp:a:25 { host a 25 }"),
	    "F:1: \"smtp:a:25\" is no name for a relay; "
	    "write at most 63 letters, digits, dots and dashes" },

	{ "local_lmtp_relative", S("local lmtp run/x"),
	    "F:1: \"run/x\" is no domain name" },
	{ "local_lmtp_without_port", S("local lmtp localhost"),
	    "F:1: \"local\" needs a port behind the host, as 24" },
	{ "local_command_none", S("local command # procmail"),
	    "F:1: \"local\" needs a command for /bin/sh" },
	{ "local_command_pipe", S("local command |procmail"),
	    "F:1: the command of \"local\" begins with |; leave that away" },
	{ "local_twice", S("local mbox /a\nlocal lmtp /b"),
	    "F:2: \"local\" was already set in line 1" },
	{ "mailbox_size", S("mailbox-size any"),
	    "F:1: \"any\" behind \"mailbox-size\" is no size; "
	    "write a number, or one with K, M or G" },
	{ "command_user_root", S("command-user root"),
	    "F:1: commands of aliases do not run as root; name a user behind "
	    "\"command-user\"" },
	{ "aliases_relative", S("aliases aliases"),
	    "F:1: \"aliases\" behind \"aliases\" is no path; "
	    "it must begin with /" },

	{ "terminal_kind", S("terminal root samll"),
	    "F:1: unknown word \"samll\" behind \"terminal\"; "
	    "did you mean \"saml\"?" },
	{ "terminal_place", S("terminal root saml from lokal"),
	    "F:1: unknown word \"lokal\" behind \"terminal\"; "
	    "did you mean \"local\"?" },
	{ "terminal_place_missing", S("terminal root saml from"),
	    "F:1: \"terminal\" needs a place behind from" },
	{ "terminal_via_missing", S("terminal root saml via"),
	    "F:1: \"terminal\" needs a user or @group behind via" },
	{ "terminal_via_nobody", S("terminal root saml via @"),
	    "F:1: \"@\" in \"terminal\" is no user and no @group" },
	{ "terminal_via_address", S("terminal root saml via a@b"),
	    "F:1: \"a@b\" in \"terminal\" is no user and no @group" },
	{ "terminal_order", S("terminal root saml via a from any"),
	    "F:1: junk behind the value of \"terminal\": \"from\"" },
	{ "terminal_recipient", S("terminal @adm saml"),
	    "F:1: \"@adm\" behind \"terminal\" is no recipient; write a user, "
	    "an address or *" },
	{ "terminal_half", S("terminal onn"),
	    "F:1: \"terminal\" needs on or off, or a recipient and a kind: "
	    "mail, send, soml or saml" },
	{ "terminal_switched_twice", S("terminal on\n\nterminal off"),
	    "F:3: \"terminal\" was already switched in line 1" },
	{ "terminal_rule_hidden",
	    S("terminal root saml\nterminal root send from local"),
	    "F:2: the rule for \"root\" in line 1 comes first" },
	{ "terminal_senders", S("terminal-senders al"),
	    "F:1: unknown word \"al\" behind \"terminal-senders\"; "
	    "did you mean \"all\"?" },
	{ "terminal_senders_group", S("terminal-senders @a,b"),
	    "F:1: \"@a,b\" in \"terminal-senders\" is no user and no "
	    "@group" },
	{ "terminal_senders_word", S("terminal-senders @"),
	    "F:1: \"@\" in \"terminal-senders\" is no user and no @group" },
	{ "terminal_sessions", S("terminal-sessions first"),
	    "F:1: unknown word \"first\" behind \"terminal-sessions\"; "
	    "did you mean \"last\"?" },
	{ "terminal_pts", S("terminal-pts on"),
	    "F:1: unknown word \"on\" behind \"terminal-pts\"; "
	    "did you mean \"no\"?" },
	{ "terminal_bell_twice", S("terminal-bell no\nterminal-bell no"),
	    "F:2: \"terminal-bell\" was already set in line 1" },
	{ "terminal_network", S("terminal-network"),
	    "F:1: \"terminal-network\" needs yes or no" },
	{ "terminal_rate_half", S("terminal-rate 5"),
	    "F:1: \"terminal-rate\" needs two numbers of messages a minute: "
	    "of one sender to one recipient, and of all to one" },
	{ "terminal_rate", S("terminal-rate 5 100001"),
	    "F:1: \"100001\" behind \"terminal-rate\" is not between 0 and "
	    "100000" },
	{ "alert_on", S("alert on"),
	    "F:1: unknown setting \"on\"; bellman.conf(5) has them all" },
	{ "alert_off_and_more", S("alert off ; age 1h"),
	    "F:1: junk behind the value of \"alert\": \";\"" },
	{ "alert_age_twice", S("alert age 1h ; age 2h"),
	    "F:1: \"age\" was already set in line 1" },
	{ "alert_every", S("alert every off"),
	    "F:1: \"off\" in \"every\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "alert_twice", S("alert off\nalert off"),
	    "F:2: \"alert\" was already set in line 1" },
	{ "alert_via", S("alert via @@"),
	    "F:1: \"@@\" in \"via\" is no user and no @group" },
	{ "per_user_without_time", S("limits size 5M ; per-user 9"),
	    "F:1: \"9\" behind \"per-user\" is no rate; write a number of "
	    "messages, / and a duration, as 100/1h" },
	{ "per_user_no_duration", S("limits per-user 9/h"),
	    "F:1: \"h\" in \"per-user\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "per_user_none", S("limits per-user 0/1h"),
	    "F:1: \"0\" behind \"per-user\" is not between 1 and "
	    "1000000000" },
	{ "clients_no_address", S("relay-clients localhost"),
	    "F:1: \"localhost\" behind \"relay-clients\" is no network; write "
	    "an address, or one with / and the number of its bits" },
	{ "clients_bits", S("relay-clients 10.0.0.0/33"),
	    "F:1: \"10.0.0.0/33\" behind \"relay-clients\" is no network; "
	    "write an address, or one with / and the number of its bits" },
	{ "clients_no_bits", S("relay-clients ::1/"),
	    "F:1: \"::1/\" behind \"relay-clients\" is no network; write an "
	    "address, or one with / and the number of its bits" },
	{ "clients_bits_behind", S("relay-clients 10.0.0.1 10.0.0.1/8"),
	    "F:1: \"10.0.0.1/8\" behind \"relay-clients\" has bits set behind "
	    "those that it counts" },
	{ "clients_none", S("relay-clients"),
	    "F:1: \"relay-clients\" needs one address or more, or "
	    "networks" },
	{ "dnssec", S("dnssec on"),
	    "F:1: unknown word \"on\" behind \"dnssec\"; "
	    "did you mean \"no\"?" },

	{ "twice", S("warn 4h\n\nwarn 5h"),
	    "F:3: \"warn\" was already set in line 1" },
	{ "limit_twice", S("limits size 5M ; size 6M"),
	    "F:1: \"size\" was already set in line 1" },
	{ "relay_twice", S("relay a 25\nrelay b 25"),
	    "F:2: relay \"main\" was already set in line 1" },
	{ "relay_main_twice", S("relay a 25\nrelay main { host b 25 }"),
	    "F:2: relay \"main\" was already set in line 1" },
	{ "tls_twice", S("relay x {\ntls never\ntls never\n}"),
	    "F:3: \"tls\" was already set in line 2" },

	{ "missing_brace", S("hold no\nrelay x {\nhost a 25\n"),
	    "F:2: the block of relay \"x\" has no closing brace" },
	{ "missing_brace_in_one_line", S("relay x { host a 25"),
	    "F:1: the block of relay \"x\" has no closing brace" },
	{ "brace_alone", S("}"), "F:1: a line begins with \"}\"" },
	{ "brace_in_block", S("relay x {\n{\n"),
	    "F:2: a brace inside a block" },
	{ "no_host", S("relay x {\n}"), "F:1: relay \"x\" has no host" },
	{ "relay_name_not_printable", S("relay w\xac {\n}\n"),
	    "F:1: \"w?\" is no name for a relay; "
	    "write at most 63 letters, digits, dots and dashes" },
	{ "relay_name_empty", S("relay \"\" {\n}\n"),
	    "F:1: \"\" is no name for a relay; "
	    "write at most 63 letters, digits, dots and dashes" },
	{ "starttls_never", S("relay x {\nhost a 25 starttls\ntls never\n}"),
	    "F:1: relay \"x\" says both starttls and tls never" },
	{ "junk_behind_block", S("relay x { host a 25 } y"),
	    "F:1: junk behind the value of \"relay\": \"y\"" },
	{ "junk_behind_value", S("hold no thanks"),
	    "F:1: junk behind the value of \"hold\": \"thanks\"" },
	{ "junk_behind_relay", S("relay a 25 starttls tls never"),
	    "F:1: junk behind the value of \"relay\": \"tls\"" },
	{ "junk_in_place_of_starttls", S("relay a 25 jdoe"),
	    "F:1: junk behind the value of \"relay\": \"jdoe\"; what else a "
	    "relay has stands in its block: relay main { host ... ; user ... "
	    "}" },
	{ "semicolon_behind_value", S("hold no ; warn 4h"),
	    "F:1: junk behind the value of \"hold\": \";\"" },
	{ "block_for_a_value", S("hold no {"),
	    "F:1: junk behind the value of \"hold\": \"{\"" },
	{ "junk_between_limits", S("limits size 5M queue 6"),
	    "F:1: junk behind the value of \"size\": \"queue\"" },
	{ "limits_in_braces", S("limits { size 5M }"),
	    "F:1: \"limits\" needs a limit" },
	{ "no_value", S("hostname\nhold no"),
	    "F:1: \"hostname\" needs a name or auto" },
	{ "no_value_but_a_comment", S("warn # 4h"),
	    "F:1: \"warn\" needs a duration, or off" },
	{ "relay_without_host", S("relay"),
	    "F:1: \"relay\" needs a host and a port, as: relay "
	    "smtp.example.net submissions; or a name and a block" },
	{ "relay_without_port", S("relay a"),
	    "F:1: \"relay\" needs a port behind the host: submissions (465), "
	    "submission (587) or 25" },
	{ "host_without_host", S("relay x {\nhost\n}"),
	    "F:2: \"host\" needs a host and a port, or a socket's path, as: "
	    "host smtp.example.net submissions" },
	{ "host_without_port", S("relay x {\nhost a\n}"),
	    "F:2: \"host\" needs a port behind the host: submissions (465), "
	    "submission (587) or 25" },

	{ "duration_without_unit", S("warn 4"),
	    "F:1: \"4\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_of_two_units", S("retry 5m 1h30m"),
	    "F:1: \"1h30m\" in \"retry\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_negative", S("warn -4h"),
	    "F:1: \"-4h\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_of_a_week", S("warn 1w"),
	    "F:1: \"1w\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_empty", S("warn \"\""),
	    "F:1: \"\" in \"warn\" is no duration; "
	    "write a number and s, m, h or d" },
	{ "duration_zero", S("retry 0s"),
	    "F:1: \"0s\" in \"retry\" is not between 1s and 365d" },
	{ "duration_too_long", S("give-up 366d"),
	    "F:1: \"366d\" in \"give-up\" is not between 1s and 365d" },
	{ "duration_overflows", S("give-up 99999999999999999999d"),
	    "F:1: \"99999999999999999999d\" in \"give-up\" "
	    "is not between 1s and 365d" },
	{ "too_many_steps",
	    S("retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s "
	      "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"),
	    "F:1: more than 32 steps in \"retry\"" },
	{ "size_of_bad_unit", S("limits size 50X"),
	    "F:1: \"50X\" behind \"size\" is no size; "
	    "write a number, or one with K, M or G" },
	{ "size_unit_alone", S("limits size M"),
	    "F:1: \"M\" behind \"size\" is no size; "
	    "write a number, or one with K, M or G" },
	{ "size_too_small", S("limits size 1"),
	    "F:1: \"1\" behind \"size\" is out of range (1024 to 1024G)" },
	{ "size_too_large", S("limits size 1025G"),
	    "F:1: \"1025G\" behind \"size\" is out of range (1024 to 1024G)" },
	{ "queue_of_none", S("limits queue 0"),
	    "F:1: \"0\" behind \"queue\" is not between 1 and 1000000000" },

	{ "port_zero", S("relay a 0"),
	    "F:1: \"0\" is no port; write 1 to 65535, or a service's name, as "
	    "submissions" },
	{ "port_too_large", S("relay a 65536"),
	    "F:1: \"65536\" is no port; write 1 to 65535, or a service's "
	    "name, as submissions" },
	{ "port_misspelt", S("relay a submisions"),
	    "F:1: there is no port \"submisions\"; did you mean "
	    "\"submissions\"?" },
	{ "port_with_slash", S("relay a smtp/tcp"),
	    "F:1: \"smtp/tcp\" is no port; write 1 to 65535, or a service's "
	    "name, as submissions" },
	{ "host_and_port_in_a_word", S("relay a.example:587"),
	    "F:1: \"a.example:587\" is no host; write a.example and, behind "
	    "a blank, its port: 587" },
	{ "host_in_brackets_and_port", S("relay x { host [a.example]:587 }"),
	    "F:1: \"[a.example]:587\" is no host; write a.example and, "
	    "behind a blank, its port: 587" },
	{ "address_in_brackets_and_port", S("relay [::1]:465"),
	    "F:1: \"[::1]:465\" is no host; write ::1 and, behind a blank, "
	    "its port: 465" },
	{ "host_in_brackets", S("relay [a.example] 587"),
	    "F:1: \"[a.example]\" is no host; write a.example and, behind a "
	    "blank, its port: submissions, for one" },
	{ "host_and_no_port_in_a_word", S("relay a.example:x"),
	    "F:1: \"a.example:x\" is no domain name" },
	{ "host_in_half_brackets", S("relay [a.example 25"),
	    "F:1: \"[a.example\" is no host; write a.example and, behind a "
	    "blank, its port: submissions, for one" },
	{ "junk_behind_brackets", S("relay [a.example]x:25"),
	    "F:1: \"[a.example]x:25\" is no domain name" },
	{ "host_no_name", S("relay a_/b 25"),
	    "F:1: \"a_/b\" is no domain name" },
	{ "host_no_literal", S("relay [::g] 25"),
	    "F:1: \"[::g]\" is no domain name" },
	{ "hostname_no_name", S("hostname a..b"),
	    "F:1: \"a..b\" is no domain name" },
	{ "local_domain_no_name", S("local-domains a -b"),
	    "F:1: \"-b\" is no domain name" },

	{ "mbox_not_absolute", S("local mbox mail/%u"),
	    "F:1: the path of an mbox must begin with /" },
	{ "mbox_not_at_home", S("local mbox ~/mbox"),
	    "F:1: the path of an mbox must begin with /" },
	{ "maildir_not_absolute", S("local maildir Maildir"),
	    "F:1: the path of a maildir must begin with / or ~/" },
	{ "maildir_of_another", S("local maildir ~bob/Maildir"),
	    "F:1: the path of a maildir must begin with / or ~/" },
	{ "path_goes_up", S("local mbox /var/mail/../%u"),
	    "F:1: \"..\" is not allowed in a path" },
	{ "path_goes_up_at_end", S("local maildir ~/.."),
	    "F:1: \"..\" is not allowed in a path" },
	{ "path_percent_h", S("local mbox /home/%h"),
	    "F:1: in a path only %u may follow a percent sign" },
	{ "path_percent_at_end", S("local mbox /home/%"),
	    "F:1: in a path only %u may follow a percent sign" },
	{ "mbox_is_directory", S("local mbox /var/mail/"),
	    "F:1: the path of an mbox ends in /" },

	{ "nul", S("hold no\n\0hold"), "F:2: a control octet (0x00)" },
	{ "control_in_comment", S("# \x1b[2J"), "F:1: a control octet (0x1b)" },
	{ "del", S("hold no\x7f"), "F:1: a control octet (0x7f)" },
	{ "crlf", S("hold no\r\n"),
	    "F:1: the line ends in CR LF; save the file with plain line "
	    "ends" },
	{ "unclosed_quote", S("hostname \"a"),
	    "F:1: the closing quote is missing" },
	{ "unclosed_quote_escaped", S("hostname \"a\\\""),
	    "F:1: the closing quote is missing" },
	{ "backslash_at_end", S("hostname \"a\\"),
	    "F:1: in quotes a backslash stands only before \" or \\" },
	{ "quote_in_word", S("hostname a\"b\""), "F:1: a quote inside a word" },
	{ "glued_to_quote", S("hostname \"a\"b"),
	    "F:1: junk behind a closing quote" },
};

static void
check_wrong(void **state)
{
	const struct wrong *row = *state;
	struct buf err = { 0 };
	struct conf c;

	assert_int_equal(conf_parse(row->text, "F", &c, &err), -1);
	assert_string_equal(buf_c(&err), row->want);
	conf_free(&c);
	buf_free(&err);
}

static void
print_words(struct buf *out, const char *name, char **words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, ",%s%s", i ? "" : name, words[i]);
}

static void
print_relay(const struct conf_relay *r, struct buf *out)
{
	static const char *const tls[] = { [TLS_VERIFY] = "verify",
		[TLS_DANE] = "dane",
		[TLS_PIN] = "pin",
		[TLS_OPPORTUNISTIC] = "opportunistic",
		[TLS_NEVER] = "never" };
	static const char *const find[] = {
		[FIND_HOST] = "", [FIND_MX] = ",MX", [FIND_SRV] = ",SRV"
	};

	buf_fmt(out, "%s:%u%s", r->name, r->line, find[r->find]);
	for (size_t j = 0; j < r->nhosts; j++)
		buf_fmt(out, ",%s,%s%s", r->hosts[j].name, r->hosts[j].port,
		    r->hosts[j].starttls ? "+" : "");
	buf_fmt(out, ",%s%s", tls[r->tls], r->lmtp ? ",lmtp" : "");
	print_words(out, "", r->pins, r->npins);
	buf_fmt(out, r->ca ? ",ca=%s" : "", r->ca);
	buf_fmt(out, r->cert ? ",cert=%s,key=%s" : "", r->cert, r->key);
	print_words(out, "auth=", r->auth, r->nauth);
	buf_str(out, r->plain_auth ? ",plain" : "");
	buf_fmt(out, r->user ? ",user=%s" : "", r->user);
	print_words(out, "token=", r->token, r->ntoken);
	print_words(out, "password=", r->password, r->npassword);
	buf_str(out, r->mta_sts ? ",sts" : "");
	buf_str(out, r->terminal ? ",terminal" : "");
	buf_fmt(out, r->sessions ? ",sessions=%u" : "", r->sessions);
	buf_chr(out, ' ');
}

static void
print_terminals(const struct conf *c, struct buf *out)
{
	static const char *const may[] = { [MAY_ALL] = "",
		[MAY_SAME_USER] = "same-user ",
		[MAY_GROUP] = "group=",
		[MAY_ROOT] = "root " };

	buf_str(out, c->terminal ? "" : "terminal=off ");
	for (size_t i = 0; i < c->nrules; i++)
		buf_fmt(out, "rule:%u=%s,%d,%d,%s ", c->rules[i].line,
		    c->rules[i].rcpt, c->rules[i].kind, (int)c->rules[i].from,
		    c->rules[i].via ? c->rules[i].via : "-");
	buf_str(out, may[c->senders]);
	if (c->senders == MAY_GROUP)
		buf_fmt(out, "%s ", c->senders_group);
	buf_str(out, c->all_sessions ? "all " : "");
	buf_str(out, c->pts_owner ? "pts " : "");
	buf_str(out, c->bell ? "" : "no-bell ");
	buf_str(out, c->net_terminals ? "net " : "");
	if (c->rate_pair != 10 || c->rate_rcpt != 20)
		buf_fmt(out, "rate=%u,%u ", c->rate_pair, c->rate_rcpt);
	buf_str(out, c->alert.on ? "" : "alert=off ");
	if (c->alert.age != 4 * 3600 || c->alert.disk != 128 << 20 ||
	    c->alert.every != 3600 || strcmp(c->alert.via, "@adm") != 0)
		buf_fmt(out, "alert=%ld,%ju,%ld,%s ", c->alert.age,
		    (uintmax_t)c->alert.disk, c->alert.every, c->alert.via);
}

static void
print_limits(const struct conf *c, struct buf *out)
{
	static const long usual[] = { 300, 900, 1800, 3600, 7200 };

	buf_str(out, c->hold ? "hold " : "");
	buf_str(out, c->nameless ? "" : "nameless-uids=no ");
	if (c->nretry != COUNT(usual) ||
	    memcmp(c->retry, usual, sizeof usual) != 0)
		for (size_t i = 0; i < c->nretry; i++)
			buf_fmt(out, "retry=%ld ", c->retry[i]);
	if (c->warn != 4 * 3600)
		buf_fmt(out, "warn=%ld ", c->warn);
	if (c->give_up != 5 * 86400)
		buf_fmt(out, "give-up=%ld ", c->give_up);
	if (c->max_size != 50 << 20)
		buf_fmt(out, "size=%ju ", (uintmax_t)c->max_size);
	if (c->max_queue != 2000000)
		buf_fmt(out, "queue=%ju ", (uintmax_t)c->max_queue);
	if (c->user_queue)
		buf_fmt(out, "user-queue=%ju ", (uintmax_t)c->user_queue);
	if (c->user_size)
		buf_fmt(out, "user-size=%ju ", (uintmax_t)c->user_size);
	if (c->min_free != 64 << 20)
		buf_fmt(out, "free=%ju ", (uintmax_t)c->min_free);
	if (c->per_user || c->per_seconds)
		buf_fmt(out, "per-user=%ju/%ld ", (uintmax_t)c->per_user,
		    c->per_seconds);
	for (size_t i = 0; i < c->nclients; i++) {
		buf_str(out, "client=");
		for (size_t j = 0; j < 16; j++)
			buf_fmt(out, "%02x", c->clients[i].addr[j]);
		buf_fmt(out, "/%u ", c->clients[i].bits);
	}
	if (c->trust_dns != -1)
		buf_fmt(out, "dnssec=%d ", c->trust_dns);
}

/* What is in force, one word a setting that differs from its default. */
static void
print(const struct conf *c, struct buf *out)
{
	static const char *const local[] = { [LOCAL_MBOX] = "mbox",
		[LOCAL_MAILDIR] = "dir",
		[LOCAL_LMTP] = "lmtp",
		[LOCAL_COMMAND] = "command" };

	if (c->hostname)
		buf_fmt(out, "host=%s ", c->hostname);
	for (size_t i = 0; i < c->nlocal_domains; i++)
		buf_fmt(out, "local=%s ", c->local_domains[i]);
	if (c->local != LOCAL_MBOX || strcmp(c->local_path, "/var/mail/%u"))
		buf_fmt(out, "%s=%s ", local[c->local], c->local_path);
	if (c->max_mailbox)
		buf_fmt(out, "mailbox=%ju ", (uintmax_t)c->max_mailbox);
	if (strcmp(c->command_user, "nobody") != 0)
		buf_fmt(out, "as=%s ", c->command_user);
	if (strcmp(c->aliases, "/etc/aliases") != 0)
		buf_fmt(out, "aliases=%s ", c->aliases);
	print_terminals(c, out);
	print_limits(c, out);
	for (size_t i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, "mx") != 0 || c->relays[i].line)
			print_relay(&c->relays[i], out);
	for (size_t i = 0; i < c->nroutes; i++)
		buf_fmt(out, "route:%u=%s,%s,%s ", c->routes[i].line,
		    c->routes[i].by == BY_SENDER ? "sender" : "domain",
		    c->routes[i].pattern, c->routes[i].relay);
	for (size_t i = 0; i < c->nsenders_as; i++)
		buf_fmt(out, "sender:%u=%s,%s,%s ", c->senders_as[i].line,
		    c->senders_as[i].pattern,
		    c->senders_as[i].phrase ? c->senders_as[i].phrase : "-",
		    c->senders_as[i].addr);
}

static const struct right {
	const char *name;
	struct span text;
	const char *want;
} rights[] = {
	{ "empty_file", S(""), "" },
	{ "comments_and_blanks", S("# x\n\n  \t# \xe9\n"), "" },
	{ "no_last_lf", S("hold yes"), "hold " },
	{ "nameless_uids", S("nameless-uids no"), "nameless-uids=no " },
	{ "nameless_uids_usual", S("nameless-uids yes"), "" },
	{ "comment_behind_value", S("hold yes # for now\n"), "hold " },
	{ "hash_inside_a_word", S("local mbox /m/#%u\n"), "mbox=/m/#%u " },
	{ "hostname", S("hostname mail.example\n"), "host=mail.example " },
	{ "hostname_auto", S("hostname auto\n"), "" },
	{ "local_domains", S("local-domains a.example \"b\"\n"),
	    "local=a.example local=b " },
	{ "quoted_path", S("local mbox \"/var/my \\\"mail\\\\/%u\"\n"),
	    "mbox=/var/my \"mail\\/%u " },
	{ "maildir_at_home", S("local maildir ~/Maildir\n"), "dir=~/Maildir " },
	{ "maildir_absolute", S("local maildir /srv/%u/\n"), "dir=/srv/%u/ " },
	{ "dots_are_no_way_up", S("local mbox /a..b/.../%u\n"),
	    "mbox=/a..b/.../%u " },
	{ "terminal_off", S("terminal off # quiet\n"), "terminal=off " },
	{ "terminal_on", S("terminal on\n"), "" },
	{ "retry", S("retry 1s 2m 3h 4d\n"),
	    "retry=1 retry=120 retry=10800 retry=345600 " },
	{ "retry_of_32",
	    S("retry 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s "
	      "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 2s"),
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 retry=1 "
	    "retry=2 " },
	{ "warn_and_give_up", S("warn 90m\ngive-up 365d\n"),
	    "warn=5400 give-up=31536000 " },
	{ "limits", S("limits size 1K ; queue 5 ; free-space 2G\n"),
	    "size=1024 queue=5 free=2147483648 " },
	{ "limits_without_blanks", S("limits size 2M;queue 5;\n"),
	    "size=2097152 queue=5 " },
	{ "limits_in_octets", S("limits free-space 0\n"), "free=0 " },
	{ "relay_line", S("relay smtp.example.net submissions\n"),
	    "main:1,smtp.example.net,submissions,verify " },
	{ "relay_line_with_starttls", S("relay a 465 starttls # odd\n"),
	    "main:1,a,465+,verify " },
	{ "relay_ipv4", S("relay 10.0.0.5 25\n"),
	    "main:1,10.0.0.5,25,verify " },
	{ "relay_ipv6", S("relay ::1 25\n"), "main:1,::1,25,verify " },
	{ "relay_ipv6_in_brackets", S("relay [::1] 25\n"),
	    "main:1,::1,25,verify " },
	{ "relay_block",
	    S("\nrelay work {\n\thost mx1 587 starttls\n\n"
	      "\thost mx2 587 # when the first fails\n\ttls verify\n}\n"),
	    "work:2,mx1,587+,mx2,587,verify " },
	{ "relay_main_without_tls", S("relay main {\nhost a 25\ntls never\n}"),
	    "main:1,a,25,never " },
	{ "relay_in_one_line", S("relay x{host a 25;tls never}\n"),
	    "x:1,a,25,never " },
	{ "relay_that_logs_in",
	    S("relay x {\nhost a 465\nauth scram-sha-256-plus plain\n"
	      "user \"j doe\" # :)\n}\n"),
	    "x:1,a,465,verify,auth=scram-sha-256-plus,plain,user=j doe " },
	{ "all_mechanisms",
	    S("relay x {\nhost a 465\nauth scram-sha-256-plus scram-sha-256 "
	      "scram-sha-1 cram-md5 plain login external xoauth2 "
	      "oauthbearer\n}"),
	    "x:1,a,465,verify,auth=scram-sha-256-plus,scram-sha-256,"
	    "scram-sha-1,cram-md5,plain,login,external,xoauth2,"
	    "oauthbearer " },
	{ "token_and_password",
	    S("relay x {\nhost a 465\ntoken /bin/t \"a b\" -c\n"
	      "password-command /bin/p\n}"),
	    "x:1,a,465,verify,token=/bin/t,a b,-c,password=/bin/p " },
	{ "pins_in_lower_case",
	    S("relay x { host a 25 ; tls pin "
	      "SHA256:"
	      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeA"
	      " sha256:"
	      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	      " }"),
	    "x:1,a,25,pin,sha256:"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdea,"
	    "sha256:"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	    " " },
	{ "ways_of_tls",
	    S("relay a { host a 1 ; tls dane }\n"
	      "relay b { host b 1 ; tls opportunistic }\n"
	      "relay c { host c 1 ; tls verify }"),
	    "a:1,a,1,dane b:2,b,1,opportunistic c:3,c,1,verify " },
	{ "certificates",
	    S("relay a { host a 1 ; ca /c/ ; cert /d ; key /e }\n"
	      "relay b { host b 1 ; cert /f }"),
	    "a:1,a,1,verify,ca=/c/,cert=/d,key=/e "
	    "b:2,b,1,verify,cert=/f,key=/f " },
	{ "password_in_plain_text",
	    S("relay a { host a 1 ; tls never ; user u ; "
	      "auth-without-tls yes }"),
	    "a:1,a,1,never,plain,user=u " },
	{ "relay_by_mx", S("relay a { mx b.example ; mta-sts yes }"),
	    "a:1,MX,b.example,25,verify,sts " },
	{ "relay_by_srv", S("relay a { srv b.example ; user c }"),
	    "a:1,SRV,b.example,,verify,user=c " },
	{ "terminal_and_sessions",
	    S("relay a { host b 1 ; terminal yes ; sessions 3 }"),
	    "a:1,b,1,verify,terminal,sessions=3 " },
	{ "lmtp_socket", S("relay a { host /run/a ; protocol lmtp }"),
	    "a:1,/run/a,,never,lmtp " },
	{ "lmtp_socket_tls_never",
	    S("relay a { protocol lmtp ; tls never ; host /run/a }"),
	    "a:1,/run/a,,never,lmtp " },
	{ "lmtp_host",
	    S("relay a { host b lmtp ; protocol lmtp }\n"
	      "relay c { host d 1 ; protocol smtp }"),
	    "a:1,b,lmtp,verify,lmtp c:2,d,1,verify " },
	{ "relay_mx", S("relay mx { tls verify ; mta-sts yes ; sessions 2 }"),
	    "mx:1,MX,verify,sts,sessions=2 " },
	{ "relay_mx_empty", S("relay mx { }"), "mx:1,MX,dane " },

	{ "route_to_a_relay_that_comes_later",
	    S("route sender jdoe@corp.example relay work\n"
	      "relay work { host a 1 }"),
	    "work:2,a,1,verify route:1=sender,jdoe@corp.example,work " },
	{ "route_to_main_and_mx",
	    S("relay a 25\nroute domain .b relay main\n"
	      "route domain c relay mx\nroute domain d mx # mine"),
	    "main:1,a,25,verify route:2=domain,.b,main route:3=domain,c,mx "
	    "route:4=domain,d,mx " },
	{ "route_smtp",
	    S("route domain lan.example smtp 10.0.0.5 # near\n"
	      "route domain b smtp 10.0.0.5 25\nroute domain c smtp [::1] 587\n"
	      "route sender *@d smtp e smtp"),
	    "smtp:10.0.0.5:25:1,10.0.0.5,25,opportunistic "
	    "smtp:[::1]:587:3,::1,587,opportunistic "
	    "smtp:e:smtp:4,e,smtp,opportunistic "
	    "route:1=domain,lan.example,smtp:10.0.0.5:25 "
	    "route:2=domain,b,smtp:10.0.0.5:25 "
	    "route:3=domain,c,smtp:[::1]:587 "
	    "route:4=sender,*@d,smtp:e:smtp " },
	{ "route_lmtp",
	    S("route domain a lmtp /run/x\nroute domain b lmtp c 24"),
	    "lmtp:/run/x:1,/run/x,,never,lmtp "
	    "lmtp:c:24:2,c,24,opportunistic,lmtp "
	    "route:1=domain,a,lmtp:/run/x route:2=domain,b,lmtp:c:24 " },
	{ "route_mx",
	    S("route domain a mx dane\nroute domain b mx verify\n"
	      "route domain c mx opportunistic\nroute domain d mx never\n"
	      "relay mx { mta-sts yes ; ca /c ; cert /d }"),
	    "mx:5,MX,dane,ca=/c,cert=/d,key=/d,sts "
	    "mx:dane:1,MX,dane,ca=/c,cert=/d,key=/d,sts "
	    "mx:verify:2,MX,verify,ca=/c,cert=/d,key=/d,sts "
	    "mx:opportunistic:3,MX,opportunistic,ca=/c,cert=/d,key=/d,sts "
	    "mx:never:4,MX,never,ca=/c,cert=/d,key=/d,sts "
	    "route:1=domain,a,mx:dane route:2=domain,b,mx:verify "
	    "route:3=domain,c,mx:opportunistic route:4=domain,d,mx:never " },
	{ "sender",
	    S("sender root@* \"host alerts\" <alerts@example.org> # both\n"
	      "sender *@a <@b:c@d>\nsender * <e@[1.2.3.4]>\n"
	      "sender \"\\\"a b\\\"@c\" d <e@f>"),
	    "sender:1=root@*,host alerts,alerts@example.org "
	    "sender:2=*@a,-,c@d sender:3=*,-,e@[1.2.3.4] "
	    "sender:4=\"a b\"@c,d,e@f " },
	{ "local_lmtp", S("local lmtp /run/dovecot/lmtp\n"),
	    "lmtp=lmtp:/run/dovecot/lmtp "
	    "lmtp:/run/dovecot/lmtp:1,/run/dovecot/lmtp,,never,lmtp " },
	{ "local_lmtp_host", S("local lmtp localhost 24"),
	    "lmtp=lmtp:localhost:24 "
	    "lmtp:localhost:24:1,localhost,24,opportunistic,lmtp " },
	{ "local_lmtp_and_a_route", S("route domain a lmtp /b\nlocal lmtp /b"),
	    "lmtp=lmtp:/b lmtp:/b:1,/b,,never,lmtp "
	    "route:1=domain,a,lmtp:/b " },
	{ "local_command",
	    S("local command  exec /bin/a -f \"$SENDER\" ; x | y { # } z \n"
	      "hold yes"),
	    "command=exec /bin/a -f \"$SENDER\" ; x | y { # } z hold " },
	{ "local_others",
	    S("mailbox-size 2G\naliases \"/etc/my aliases\"\n"
	      "command-user mail\n"),
	    "mailbox=2147483648 as=mail aliases=/etc/my aliases " },
	{ "mailbox_of_any_size", S("mailbox-size 0"), "" },

	{ "terminal_rules",
	    S("terminal root saml from local via @adm\nterminal root send\n"
	      "terminal off\nterminal a@b soml from any\n"
	      "terminal c mail from network\nterminal * saml via d"),
	    "terminal=off rule:1=root,3,1,@adm rule:2=root,1,0,- "
	    "rule:4=a@b,2,0,- rule:5=c,0,2,- rule:6=*,3,0,d " },
	{ "terminal_settings",
	    S("terminal-senders same-user\nterminal-sessions all\n"
	      "terminal-pts yes\nterminal-bell no\nterminal-network yes\n"
	      "terminal-rate 0 5\n"),
	    "same-user all pts no-bell net rate=0,5 " },
	{ "terminal_defaults",
	    S("terminal-senders all\nterminal-sessions last\n"
	      "terminal-pts no\nterminal-bell yes\nterminal-network no\n"
	      "terminal-rate 10 20\n"),
	    "" },
	{ "terminal_senders_root", S("terminal-senders root"), "root " },
	{ "terminal_senders_of_group", S("terminal-senders @adm"),
	    "group=adm " },
	{ "terminal_senders_of_group_group", S("terminal-senders @group"),
	    "group=group " },
	{ "alert", S("alert age 1h ; disk 1G ; every 2h ; via bob # him"),
	    "alert=3600,1073741824,7200,bob " },
	{ "alert_one", S("alert age off\n"), "alert=0,134217728,3600,@adm " },
	{ "alert_off", S("alert off\n"), "alert=off " },
	{ "warn_off", S("warn off"), "warn=0 " },
	{ "per_user", S("limits per-user 100/1h ; size 1M"),
	    "size=1048576 per-user=100/3600 " },
	{ "of_one_user", S("limits user-size 2K ; user-queue 7 ; queue 9"),
	    "queue=9 user-queue=7 user-size=2048 " },
	{ "clients",
	    S("relay-clients 127.0.0.1 10.0.0.0/8 [::1] fd00::/8 0.0.0.0/0"),
	    "client=00000000000000000000ffff7f000001/128 "
	    "client=00000000000000000000ffff0a000000/104 "
	    "client=00000000000000000000000000000001/128 "
	    "client=fd000000000000000000000000000000/8 "
	    "client=00000000000000000000ffff00000000/96 " },
	{ "dnssec_yes", S("dnssec yes"), "dnssec=1 " },
	{ "dnssec_no", S("dnssec no"), "dnssec=0 " },
	{ "dnssec_auto", S("dnssec auto"), "" },
	{ "two_relays", S("relay a 25\nrelay b { host c 26 }\n"),
	    "main:1,a,25,verify b:2,c,26,verify " },
};

static void
check_right(void **state)
{
	const struct right *row = *state;
	struct buf err = { 0 }, got = { 0 };
	struct conf c;

	if (conf_parse(row->text, "F", &c, &err) == -1)
		fail_msg("%s", buf_c(&err));
	print(&c, &got);
	assert_string_equal(buf_c(&got), row->want);
	assert_int_equal(err.len, 0);
	conf_free(&c);
	buf_free(&got);
	buf_free(&err);
}

/* The example that the first page about this file had. */
static const struct right example = { "example",
	S("# /etc/bellman/bellman.conf            nothing listens\n"
	  "relay smtp.example.net submissions    # TLS verified\n\n"
	  "hostname   auto                       # or a name\n"
	  "local-domains  example.org localhost  # for users here\n"
	  "sender     root@*   \"host alerts\" <alerts@example.org>   # both\n"
	  "local      mbox /var/mail/%u          # or: maildir ~/Maildir\n"
	  "terminal   root saml from local via @adm                  # show\n"
	  "retry      5m 15m 30m 1h 2h           # any number of steps\n"
	  "warn       4h\ngive-up    5d\n"
	  "hold       no                         # yes: deliver nothing\n"
	  "limits     size 50M ; queue 2000000 ; free-space 64M      # x\n\n"
	  "relay work {\n    host   mx1.corp.example 587 starttls\n"
	  "    host   mx2.corp.example 587 starttls      # when it fails\n"
	  "    tls    verify                             # verify | dane\n"
	  "    auth   scram-sha-256 plain\n    user   jdoe\n}\n"
	  "route sender jdoe@corp.example   relay work\n"
	  "route domain lan.example         smtp 10.0.0.5\n"
	  "route domain corp.example        mx dane\n"),
	"local=example.org local=localhost rule:8=root,3,1,@adm "
	"main:2,smtp.example.net,submissions,verify "
	"work:15,mx1.corp.example,587+,mx2.corp.example,587+,verify,"
	"auth=scram-sha-256,plain,user=jdoe "
	"smtp:10.0.0.5:25:23,10.0.0.5,25,opportunistic mx:dane:24,MX,dane "
	"route:22=sender,jdoe@corp.example,work "
	"route:23=domain,lan.example,smtp:10.0.0.5:25 "
	"route:24=domain,corp.example,mx:dane "
	"sender:6=root@*,host alerts,alerts@example.org " };

static void
a_line_has_4096_octets(void **state)
{
	static char text[4098];
	struct buf err = { 0 };
	struct conf c;

	(void)state;
	memset(text, '#', sizeof text);
	text[4096] = '\n';
	assert_int_equal(
	    conf_parse((struct span){ text, 4097 }, "F", &c, &err), 0);
	conf_free(&c);
	text[4096] = '#';
	assert_int_equal(
	    conf_parse((struct span){ text, 4097 }, "F", &c, &err), -1);
	assert_string_equal(buf_c(&err), "F:1: a line over 4096 octets");
	conf_free(&c);
	buf_free(&err);
}

/* conf_load of a path: the sentence, or "". */
static void
load(const char *path, struct conf *c, char out[400])
{
	struct buf err = { 0 };
	int result = conf_load(path, c, &err);

	assert_int_equal(result, err.len ? -1 : 0);
	strlcpy(out, buf_c(&err), 400);
	buf_free(&err);
}

static void
what_cannot_be_read(void **state)
{
	char dir[] = "/tmp/conf_test.XXXXXX", path[64], want[200], got[400];
	struct conf c;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	load(dir, &c, got);
	snprintf(want, sizeof want, "%s: cannot be read: Is a directory", dir);
	assert_string_equal(got, want);
	conf_free(&c);

	snprintf(path, sizeof path, "%s/file", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	load(path, &c, got); /* and does not wait for a writer */
	snprintf(
	    want, sizeof want, "%s: cannot be read: Invalid argument", path);
	assert_string_equal(got, want);
	conf_free(&c);
	unlink(path);

	assert_int_equal(symlink("file", path), 0);
	load(path, &c, got);
	snprintf(want, sizeof want,
	    "%s: cannot be read: Too many levels of symbolic links", path);
	assert_string_equal(got, want);
	conf_free(&c);
	unlink(path);

	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	load(path, &c, got);
	snprintf(want, sizeof want, "%s: the file is over 1 MiB", path);
	assert_string_equal(got, want);
	conf_free(&c);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void
a_missing_file_is_a_working_machine(void **state)
{
	char got[400], host[256] = "";
	struct conf c;

	(void)state;
	load("/nonexistent/bellman.conf", &c, got);
	assert_string_equal(got, "");
	gethostname(host, sizeof host);
	assert_true(strlen(c.domain) > 0);
	assert_string_equal(c.hostname,
	    conf_is_short(span_of(host), span_of(c.domain)) ? c.domain : host);
	assert_true(conf_is_local(&c, span_of(host)));
	assert_true(conf_is_local(&c, span_of(c.hostname)));
	assert_true(conf_is_local(&c, span_of(c.domain)));
	assert_true(conf_is_local(&c, SPAN("LocalHost")));
	assert_false(conf_is_local(&c, SPAN("elsewhere.example")));
	assert_false(conf_is_local(&c, SPAN("")));
	assert_string_equal(c.local_path, "/var/mail/%u");
	assert_int_equal(c.nretry, 5);
	assert_null(conf_relay(&c, "main"));
	assert_ptr_equal(
	    conf_relay(&c, "mx"), conf_route(&c, SPAN("a@b"), SPAN("c")));
	conf_free(&c);
}

static void
first_labels(void **state)
{
	(void)state;
	assert_true(conf_is_short(SPAN("srv1"), SPAN("srv1.a.example")));
	assert_true(conf_is_short(SPAN("SRV1"), SPAN("srv1.example")));
	assert_false(conf_is_short(SPAN("srv1"), SPAN("a.example")));
	assert_false(conf_is_short(SPAN("srv1"), SPAN("srv10.example")));
	assert_false(conf_is_short(SPAN("srv1"), SPAN("srv1")));
	assert_false(conf_is_short(SPAN("srv1"), SPAN("srv1.")));
	assert_false(conf_is_short(SPAN("srv1.a"), SPAN("srv1.a.example")));
	assert_false(conf_is_short(SPAN(""), SPAN(".example")));
}

static void
given_domains_are_all_but_localhost(void **state)
{
	char path[] = "/tmp/conf_test.XXXXXX", got[400];
	int fd = mkstemp(path);
	struct conf c;

	(void)state;
	assert_int_not_equal(fd, -1);
	dprintf(
	    fd, "hostname h.example\nlocal-domains A.example\nrelay r 25\n");
	load(path, &c, got);
	assert_string_equal(got, "");
	assert_string_equal(c.hostname, "h.example");
	assert_int_equal(c.nlocal_domains, 2);
	assert_true(conf_is_local(&c, SPAN("a.EXAMPLE")));
	assert_true(conf_is_local(&c, SPAN("localhost")));
	assert_false(conf_is_local(&c, SPAN("h.example")));
	assert_string_equal(conf_relay(&c, "main")->hosts[0].name, "r");
	assert_null(conf_relay(&c, "work"));
	conf_free(&c);
	close(fd);
	unlink(path);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_line_has_4096_octets),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(a_missing_file_is_a_working_machine),
		cmocka_unit_test(first_labels),
		cmocka_unit_test(given_domains_are_all_but_localhost),
	};
	struct CMUnitTest
	    tests[COUNT(wrongs) + COUNT(rights) + COUNT(others) + 1];
	size_t n = 0;

	ADD_ROWS(tests, n, wrongs, check_wrong);
	ADD_ROWS(tests, n, rights, check_right);
	memcpy(tests + n, others, sizeof others);
	tests[n + COUNT(others)] = (struct CMUnitTest){ example.name,
		check_right, NULL, NULL, (void *)(uintptr_t)&example };
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
