/* spool - the protocol of spool, journal, take-over and mailbox, with a crash
 * possible between any two steps.  See README beside it for what each step is
 * in the code, and for what the variants (-DBROKEN_...) leave out.
 *
 * Two messages for one mailbox; the second one has a recipient elsewhere, too.
 * Everything on a disk stands here twice: as processes see it, and (d...) as a
 * sync has made it last.  A kill loses what a process knew; a power cut leaves
 * of all that was not synced any part: each name, length and mode by itself.
 *
 * -DMAILDIR: the mailbox is one, and a reader takes files out of new/ when he likes. */

#ifndef KILLS
#define KILLS 1 /* of the agent */
#endif
#ifndef CUTS
#define CUTS 0 /* of power */
#endif
#ifndef DEATHS
#define DEATHS 1 /* of submitters */
#endif

mtype = { create, lock, look, complete, say_synced, take_sync, unlock, write, sync, forget_torn, box_sync, mark, note, forget, remove, take_lock, take_look, take_unlink, take_rename, server_takes, note_passed, note_later, note_sync, box_lock, intent_create, intent_write, intent_sync, append_part, append, box_unlock, file_write, file_sync, file_rename, folder_sync }; /* the steps */

#define NOWHERE 0
#define DROP 1
#define QUEUE 2
#define ASIDE 3 /* quarantine */
#define FREE 0
#define SUBMITTER 1
#define AGENT 2
#define TORN 9
#define BATCHES 4 /* intents in one run */

byte where[2], dwhere[2];
bool whole[2], dwhole[2], ready[2], dready[2]; /* its octets; its mode, 0670 */
bool sure[2]; /* its mode 0660: not synced, but never on disk before the rest */
bool done[2], ddone[2];	  /* the journal: it is in the mailbox */
bool passed, dpassed;	  /* the second one's: it is at the server */
byte held[2];
bool acked[2], ended[2], down[2];

bool has[BATCHES], dhas[BATCHES]; /* intents */
bool clear[BATCHES], dclear[BATCHES]; /* whole */
bool marked[BATCHES], dmarked[BATCHES];
byte from[BATCHES], items[BATCHES], result[BATCHES]; /* items: 1, 2, or 3 for both */
byte batches;

byte box[10], dbox[10], size, dsize; /* 1, 2: a message; TORN: part of one */

#ifdef MAILDIR /* of each message */
bool tsafe[2], nsafe[2]; /* the octets of the file in tmp/, in new/ are on disk */
bool new[2], dnew[2];	 /* it is in new/ */
bool torn[2];		 /* what is there, or was, is half of it */
byte had[2];		 /* by the reader */
#endif

byte kills = KILLS, cuts = CUTS, deaths = DEATHS, had_cuts, had_ends;
byte server; /* copies of the second one there */
bool over;

/* A step, and perhaps it was the last one. */
#define SAY(name) printf("step %d %e\n", _pid, name)
#define STEP(name, code)                                                       \
	atomic {                                                               \
		d_step { SAY(name); code };                                    \
		if                                                             \
		:: kills > 0 -> kills--; goto killed                           \
		:: cuts > 0 -> cuts--; goto cut                                \
		:: true                                                        \
		fi                                                             \
	}
#define MINE(name, code)                                                       \
	atomic {                                                               \
		if                                                             \
		:: down[m] -> goto out                                         \
		:: !down[m] && deaths > 0 -> deaths--; goto out                \
		:: !down[m] -> skip                                            \
		fi;                                                            \
		d_step { SAY(name); code }                                     \
	}

proctype submitter(byte m)
{
again:
	skip;
	MINE(create, where[m] = DROP; ready[m] = false; sure[m] = false; whole[m] = false;);
	if
	:: atomic { held[m] == FREE && !down[m] -> SAY(lock); held[m] = SUBMITTER }
	:: atomic { down[m] -> goto out }
	fi;
	if
	:: atomic { where[m] != DROP && !down[m] -> held[m] = FREE; goto again }
	:: else -> skip
	fi;
	MINE(look, skip;);
#ifdef BROKEN_COMPLETE_FIRST
	MINE(complete, ready[m] = true;);
	MINE(unlock, held[m] = FREE;);
	MINE(write, whole[m] = true;);
#else
	MINE(write, whole[m] = true;);
	MINE(complete, ready[m] = true;);
#endif
#ifndef BROKEN_NO_SYNC
	MINE(sync, dwhere[m] = where[m]; dwhole[m] = whole[m]; dready[m] = ready[m];);
#endif
	MINE(say_synced, sure[m] = true;);
#ifndef BROKEN_COMPLETE_FIRST
	MINE(unlock, held[m] = FREE;);
#endif
	atomic {
		if
		:: !down[m] -> acked[m] = true /* exit 0 */
		:: else -> skip
		fi
	}
out:
	skip;
	atomic {
		if
		:: held[m] == SUBMITTER && !down[m] -> held[m] = FREE
		:: else -> skip
		fi;
		ended[m] = true
	}
}

/* Of what was not synced: any part. */
inline some_of(now, disk)
{
	if
	:: now = disk
	:: now != disk -> disk = now
	fi
}

inline power_cut()
{
	atomic {
		had_cuts++;
		down[0] = true;
		down[1] = true;
		i = 0;
		do
		:: i < 2 ->
			some_of(where[i], dwhere[i]);
			some_of(whole[i], dwhole[i]);
			some_of(ready[i], dready[i]);
			if :: sure[i] = false :: skip fi;
			some_of(done[i], ddone[i]);
			i++
		:: else -> break
		od;
		some_of(passed, dpassed);
#ifdef MAILDIR
		i = 0;
		do
		:: i < 2 ->
			some_of(new[i], dnew[i]);
			if
			:: new[i] && !nsafe[i] -> torn[i] = true
			:: skip
			fi;
			i++
		:: else -> break
		od;
#endif
		i = 0;
		do
		:: i < batches ->
			some_of(has[i], dhas[i]);
			some_of(clear[i], dclear[i]);
			some_of(marked[i], dmarked[i]);
			i++
		:: else -> break
		od;
		/* The mailbox: as it was synced; or as it is now up to
		 * somewhere, and a part of what came next. */
		if
		:: d_step {
			size = dsize;
			i = 0;
			do
			:: i < size -> box[i] = dbox[i]; i++
			:: else -> break
			od
		   }
		:: do
		   :: size > dsize && size > 0 -> size--; box[size] = 0
		   :: size > dsize && box[size - 1] != TORN ->
			box[size - 1] = TORN; break
		   :: break
		   od
		fi;
		box_synced();
		i = 0
	}
}

inline box_synced()
{
	d_step {
		dsize = size;
		i = 0;
		do
		:: i < 10 ->
			if
			:: i < size -> dbox[i] = box[i]
			:: else -> dbox[i] = 0; box[i] = 0
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

#define journal_synced()                                                       \
	ddone[1] = done[1];                                                    \
	dpassed = passed;                                                      \
	dwhere[1] = where[1]

#ifdef MAILDIR
#define may_be_there(m) (new[m] || had[m] > 0)
#define folder_synced()                                                        \
	dnew[0] = new[0];                                                      \
	dnew[1] = new[1]
#endif

/* For the traces: one order of those that may be. */
#if defined TRACE && defined SERVER
#define MAY_APPEND passed
#define MAY_PASS true
#define LATERS 0
#elif defined TRACE && defined ONE
#define MAY_APPEND put_off
#define MAY_PASS (laters == 0)
#elif defined TRACE
#define MAY_APPEND (where[0] == QUEUE && where[1] == QUEUE)
#define MAY_PASS true
#else
#define MAY_APPEND true
#define MAY_PASS true
#endif
#ifndef LATERS
#define LATERS 1
#endif

/* The agent's: a message that owes nobody anything. */
#define is_over(m) (done[m] && (m == 0 || passed))
#define waits(m) (where[m] == QUEUE && !done[m])
#define has_item(b, m) (items[b] & (1 << (m)))

active proctype agent()
{
	byte i, b, at, batch, m, laters = LATERS;
	bool remote, put_off, scanned, told;

#ifdef READY /* submitted before the agent came */
	d_step {
		where[0] = DROP; whole[0] = true; ready[0] = true; sure[0] = true;
		dwhere[0] = DROP; dwhole[0] = true; dready[0] = true;
		where[1] = DROP; whole[1] = true; ready[1] = true; sure[1] = true;
		dwhere[1] = DROP; dwhole[1] = true; dready[1] = true;
		acked[0] = true; acked[1] = true; ended[0] = true; ended[1] = true
	}
#ifdef TORN_INTENT /* an earlier one has begun to write it */
	d_step { has[0] = true; dhas[0] = true; items[0] = 1; batches = 1 }
#endif
#else
#ifdef ONE /* the second */
	ended[0] = true;
#ifdef FAR /* it has no recipient here */
	done[1] = true; ddone[1] = true;
#endif
#else
	run submitter(0);
#endif
#ifdef HALF /* its submitter has died */
	d_step { where[1] = DROP; dwhere[1] = DROP; ended[1] = true }
#else
	run submitter(1);
#endif
#endif
#ifdef LOCAL
	passed = true; dpassed = true; server = 1;
#endif
	goto begin;
cut:
	power_cut();
	goto lost;
killed:
	had_ends++;
lost:
	skip;
	d_step {
		/* What it knew and what it held are gone. */
		i = 0; b = 0; at = 0; batch = 0; m = 0; remote = false; put_off = false; scanned = false; told = false;
		if :: held[0] == AGENT || down[0] -> held[0] = FREE :: else fi;
		if :: held[1] == AGENT || down[1] -> held[1] = FREE :: else fi
	}
begin:
	skip;
#ifndef BROKEN_CHECK_BEFORE_SCAN
	/* What a power cut has put back into drop/ is there for the check. */
scan:
	do
	:: where[0] == DROP && held[0] == FREE -> m = 0; goto take
	:: where[1] == DROP && held[1] == FREE -> m = 1; goto take
	:: else -> break
	od;
#endif
	scanned = true;
	/* Intents of an earlier process: never whole, or with a result. */
	b = 0;
recover:
	do
	:: b >= batches -> break
	:: b < batches && !has[b] -> b++
	:: b < batches && has[b] && !clear[b] ->
		STEP(forget_torn, has[b] = false;);
		b++
	:: b < batches && has[b] && clear[b] && marked[b] ->
		batch = result[b];
		goto said
	:: b < batches && has[b] && clear[b] && !marked[b] -> b++
	od;
	told = true;
	/* The others: the mailbox is asked. */
	b = 0;
checks:
	do
	:: b >= batches -> goto work
	:: b < batches && !has[b] -> b++
	:: b < batches && has[b] ->
		/* Under its lock.  Of a message that is gone there is nothing
		 * to compare it with. */
#if defined MAILDIR && !defined BROKEN_NO_CHECK
		/* By their names, in new/ and cur/. */
		d_step {
			batch = 0;
			if :: has_item(b, 0) && where[0] == QUEUE && may_be_there(0) -> batch = 1 :: else fi;
			if :: has_item(b, 1) && where[1] == QUEUE && may_be_there(1) -> batch = batch | 2 :: else fi
		}
		STEP(folder_sync, folder_synced(););
#elif !defined BROKEN_NO_CHECK
		d_step {
			at = from[b];
			batch = 0;
			i = 0;
			do
			:: i < 2 && has_item(b, i) && where[i] == QUEUE && at < size &&
			    box[at] == i + 1 ->
				batch = batch | (1 << i); at++; i++
			:: i < 2 && has_item(b, i) && where[i] == QUEUE && at < size &&
			    box[at] == TORN && at + 1 == size ->
				size = at; box[at] = 0; break
			:: i >= 2 -> break
			:: else -> i++
			od;
			i = 0
		}
#endif
#if !defined BROKEN_CHECK_UNSYNCED && !defined MAILDIR
		/* It may be there, and not yet on disk. */
		STEP(box_sync, box_synced(););
#endif
		if
		:: items[b] == 3 ->
			STEP(mark, marked[b] = true; result[b] = batch;)
		:: else -> skip
		fi;
		goto said
	od;
said:
	i = 0;
	do
	:: i < 2 && (batch & (1 << i)) && where[i] == QUEUE ->
		STEP(note, done[i] = true;);
		i++
	:: i < 2 && !((batch & (1 << i)) && where[i] == QUEUE) -> i++
	:: i >= 2 -> break
	od;
	i = 0;
	batch = 0;
	STEP(forget, has[b] = false;);
	b++;
	if
	:: told -> goto checks
	:: else -> goto recover
	fi;
work:
	do
	:: where[0] == DROP && held[0] == FREE -> m = 0; goto take
	:: where[1] == DROP && held[1] == FREE -> m = 1; goto take
	:: (where[0] == QUEUE && !whole[0]) -> where[0] = ASIDE
	:: (where[1] == QUEUE && !whole[1]) -> where[1] = ASIDE
	:: where[0] == QUEUE && whole[0] && is_over(0) ->
		STEP(remove, where[0] = NOWHERE;)
	:: where[1] == QUEUE && whole[1] && is_over(1) ->
		STEP(remove, where[1] = NOWHERE;)
	:: where[1] == QUEUE && whole[1] && !passed && !remote ->
		remote = true;
		goto elsewhere
	:: ((waits(0) && whole[0]) || (waits(1) && whole[1])) && MAY_APPEND ->
		goto do_append
	:: ended[0] && ended[1] && where[0] != DROP && where[1] != DROP &&
	    where[0] != QUEUE && where[1] != QUEUE ->
		break
	:: kills > 0 -> kills--; goto killed
	:: cuts > 0 -> cuts--; goto cut
	od;
	goto all_over;

take:
	skip;
#ifndef BROKEN_NO_LOCK
	if
	:: atomic { held[m] == FREE -> SAY(take_lock); held[m] = AGENT }
	:: held[m] == SUBMITTER -> goto taken
	fi;
#endif
	STEP(take_look, skip;);
	if
	:: where[m] != DROP -> skip
	:: where[m] == DROP && !ready[m] ->
		STEP(take_unlink, where[m] = NOWHERE;)
	:: where[m] == DROP && ready[m] ->
#ifndef BROKEN_TAKE_UNSYNCED
		/* Its writer may have died before he could. */
		if
		:: sure[m] -> skip
		:: else ->
			STEP(take_sync, dwhere[m] = DROP; dwhole[m] = whole[m]; dready[m] = true;)
		fi;
#endif
		STEP(take_rename, where[m] = QUEUE;)
	fi;
	d_step { if :: held[m] == AGENT -> held[m] = FREE :: else fi };
	taken:
#ifndef BROKEN_CHECK_BEFORE_SCAN
	if
	:: !scanned -> goto scan
	:: else -> skip
	fi;
#endif
	goto work;

elsewhere:
	skip;
	/* Its server: the second message's other recipient.  RFC 1047: between
	 * its answer and our record nothing helps. */
	if
	:: MAY_PASS ->
		STEP(server_takes, server++;);
		/* The last recipient's line would go with the file. */
		if
		:: done[1] -> STEP(remove, passed = true; where[1] = NOWHERE;)
		:: else -> STEP(note_passed, passed = true;)
		fi
	:: laters > 0 ->
		laters--;
		if
		:: waits(1) -> put_off = true /* said with the other answer */
		:: else ->
			STEP(note_later, skip;);
			STEP(note_sync, journal_synced(););
			remote = false
		fi
	fi;
	goto work;

do_append:
	skip;
	STEP(box_lock, skip;);
	d_step {
		batch = 0;
		if :: waits(0) && whole[0] -> batch = 1 :: else fi;
		if :: waits(1) && whole[1] -> batch = batch | 2 :: else fi;
		b = batches;
		batches++
	}
	assert(batches <= BATCHES);
#ifndef BROKEN_INTENT_AFTER
	STEP(intent_create, has[b] = true; from[b] = size; items[b] = batch;);
	STEP(intent_write, clear[b] = true;);
#if !defined BROKEN_INTENT_UNSYNCED && !defined MAILDIR /* nothing can be torn */
	STEP(intent_sync, dhas[b] = true; dclear[b] = true;);
#endif
#endif
	at = size;
#ifdef BROKEN_REMOVE_FIRST
	if
	:: batch & 1 -> STEP(remove, where[0] = NOWHERE;)
	:: else -> skip
	fi;
#endif
#ifdef MAILDIR
	i = 0;
	do
	:: i < 2 && (batch & (1 << i)) ->
		STEP(file_write, tsafe[i] = false;);
		i++
	:: i < 2 && !(batch & (1 << i)) -> i++
	:: i >= 2 -> break
	od;
	i = 0;
	do
	:: i < 2 && (batch & (1 << i)) ->
#ifndef BROKEN_FILE_UNSYNCED
		STEP(file_sync, tsafe[i] = true;);
#endif
		STEP(file_rename, new[i] = true; nsafe[i] = tsafe[i]; torn[i] = false;);
		i++
	:: i < 2 && !(batch & (1 << i)) -> i++
	:: i >= 2 -> break
	od;
	i = 0;
#ifndef BROKEN_FOLDER_UNSYNCED
	STEP(folder_sync, folder_synced(););
#endif
#else
	if
	:: batch & 1 ->
		STEP(append_part, box[size] = TORN; size++;);
		STEP(append, box[size - 1] = 1;)
	:: else -> skip
	fi;
	if
	:: batch & 2 ->
		STEP(append_part, box[size] = TORN; size++;);
		STEP(append, box[size - 1] = 2;)
	:: else -> skip
	fi;
#endif
#ifdef BROKEN_INTENT_AFTER
	STEP(intent_create, has[b] = true; from[b] = at; items[b] = batch;);
	STEP(intent_write, clear[b] = true;);
	STEP(intent_sync, dhas[b] = true; dclear[b] = true;);
#endif
#if !defined BROKEN_BOX_UNSYNCED && !defined MAILDIR
	STEP(box_sync, box_synced(););
#endif
#ifndef BROKEN_NO_MARK
	if
	:: batch == 3 -> STEP(mark, marked[b] = true; result[b] = batch;)
	:: else -> skip
	fi;
#endif
#ifdef BROKEN_FORGET_FIRST
	STEP(forget, has[b] = false;);
#endif
	/* The answers: the last recipient's line would go with the file. */
	if
	:: batch & 1 -> STEP(remove, where[0] = NOWHERE; done[0] = true;)
	:: else -> skip
	fi;
	if
	:: (batch & 2) && passed ->
		STEP(remove, where[1] = NOWHERE; done[1] = true;)
	:: (batch & 2) && !passed ->
		STEP(note, done[1] = true;);
		if
		:: put_off ->
			STEP(note_later, skip;);
			STEP(note_sync, journal_synced(););
			put_off = false;
			remote = false
		:: else -> skip
		fi
	:: else -> skip
	fi;
#ifndef BROKEN_FORGET_FIRST
	STEP(forget, has[b] = false;);
#endif
	STEP(box_unlock, skip;);
	goto work;

all_over:
	skip;
	d_step {
		over = true;
		i = 0; at = 0; m = 0;
		do
		:: i < size ->
			assert(box[i] != TORN);
			if
			:: box[i] == 1 -> at++
			:: box[i] == 2 -> m++
			:: else
			fi;
			i++
		:: else -> break
		od;
#ifdef MAILDIR
		at = new[0] + had[0];
		m = new[1] + had[1];
		assert(!torn[0] && !torn[1]);
#endif
		/* No loss. */
		assert(!acked[0] || at >= 1);
		assert(!acked[1] || (m >= 1 && server >= 1));
		assert(!(acked[0] && where[0] == ASIDE));
		assert(!(acked[1] && where[1] == ASIDE));
		/* Once, or once more for each power cut; at the server once
		 * more for each end between its answer and our record. */
		assert(at <= 1 + had_cuts);
		assert(m <= 1 + had_cuts);
		assert(server <= 1 + had_cuts + had_ends);
		/* Nothing is left behind. */
		assert(!has[0] && !has[1] && !has[2] && !has[3])
	}
}

#ifdef MAILDIR
active proctype reader()
{
	do
	:: atomic { new[0] -> new[0] = false; dnew[0] = false; had[0]++ }
	:: atomic { new[1] -> new[1] = false; dnew[1] = false; had[1]++ }
	:: over -> break
	od
}
#endif
