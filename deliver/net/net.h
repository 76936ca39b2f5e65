/* net - role bellman-net: SMTP out.  All connections in one loop.  It keeps
 * sessions per relay, opens more of them while jobs wait, and answers the
 * queue for each recipient.
 *
 * A job is IPC_NET_MAIL followed by as many IPC_NET_RCPT as make up its count;
 * the same ref on all of them and on the answers.
 *
 *     IPC_NET_MAIL  str relay name; str domain ("" unless the relay is each
 *                   recipient's own domain); str sender ("" is null); u8 kind
 *                   (enum env_kind); u8 ret (enum env_ret); str envid (xtext,
 *                   "": none); u32 recipients; u64 offset and u64 length of
 *                   the body in the file; u32 its CRC-32C; u8 body (enum
 *                   env_body); u8 text (ENV_EIGHT, ENV_LONG: what may be in
 *                   it); u8 flags (IPC_REQUIRETLS, IPC_TLS_OPTIONAL)
 *     IPC_NET_RCPT  u32 first index; u16 count; for each: str address; u8
 *                   notify (ENV_NEVER and so on, 0: not asked); str orcpt
 *                   ("rfc822;xtext", "": none)
 *
 * A text with over-long lines, or with 8 bits where the server offers no
 * 8BITMIME, is not for that server: before anything is sent of it, the job is
 * answered with IPC_NET_CONVERT alone, and is over.
 *
 * The body is read with pread from the descriptor, its length and sum checked
 * while it streams: on a mismatch the final dot is not sent, the connection is
 * closed and every recipient is answered OUT_DAMAGED. */
#ifndef DELIVER_NET_NET_H
#define DELIVER_NET_NET_H
#include "deliver/role.h"
#include <stdint.h>

void net_run(const struct role_start *);
/* The same with time-outs whose second lasts as many ms: for tests.  What
 * deliver --check exits with; else 0. */
int net_serve(const struct role_start *, int64_t second);
#endif
