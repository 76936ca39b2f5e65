/* user - role of the recipient: one batch into one mailbox, under one lock,
 * with one sync.  The queue leads:
 *
 *     the file or command, if it is no mailbox        IPC_BOX_AT
 *     items of an earlier intent, if there is one     IPC_BOX_ITEM ...
 *     IPC_BOX_OPEN           ->  IPC_BOX_LOCKED, or IPC_BOX_FAIL and the end;
 *                                IPC_BOX_UNNAMED: the user has not written that
 *                                file or command down (deliver/user/named.h)
 *     IPC_BOX_CHECK          ->  what was torn is undone; IPC_BOX_END says
 *                                which items are there whole
 *     items of this batch, then IPC_BOX_GO
 *                            ->  IPC_BOX_RESULT for each that failed;
 *                                IPC_BOX_END says which are there
 *     the queue closes       ->  the lock goes, the process ends
 *
 *     IPC_BOX_ITEM  str id; str sender; str recipient; u64 arrival (us);
 *                   u64 offset and u64 length of the body; u32 its CRC-32C
 *
 * Of a process FOR_READ it asks instead, as often as it likes:
 *
 *     IPC_READ_ASK           ->  IPC_READ_TEXT ..., IPC_READ_END
 *
 * What is written for an item is a pure function of it, so that after a crash
 * it can be made again and compared. */
#ifndef DELIVER_USER_USER_H
#define DELIVER_USER_USER_H
#include "deliver/role.h"

void user_run(const struct role_start *);
#endif
