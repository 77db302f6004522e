#include "store/telling.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 65536 };

/* Rows wait while so many bytes of their lines, and so many notices, do. */
enum { ROWS_MAX = 7000, ROWS_BESIDE = 32 };

/* No typing notice waits where so many others do. */
enum { TYPING_BESIDE = 512 };

void telling_clear(struct telling *t)
{
	free(t->waiting);
	buf_clear(&t->rows);
	*t = TELLING_INIT;
}

bool telling_is_empty(const struct telling *t)
{
	return t->count + t->typing_count == 0;
}

/* ---- what waits ---- */

/* The last one of that kind and id; NULL: none. Newest entries are looked at first: the busy
 * sessions are there. */
static struct notice *find(struct telling *t, enum notice_kind kind,
			   struct uuid id)
{
	for (size_t i = t->count; i > 0; i--) {
		struct notice *old = &t->waiting[i - 1];

		if (old->kind == kind && uuid_equal(old->id, id))
			return old;
	}
	return NULL;
}

static bool append(struct telling *t, const struct notice *notice)
{
	if (t->count == t->cap) {
		size_t cap = t->cap > 0 ? t->cap * 2 : 64;
		struct notice *grown;

		if (cap > WAITING_MAX)
			return false;
		grown = realloc(t->waiting, cap * sizeof(*grown));
		if (grown == NULL)
			return false;
		t->waiting = grown;
		t->cap = cap;
	}
	t->waiting[t->count++] = *notice;
	return true;
}

/* A newer number takes the place of an older one that has no row. What the own workers have
 * not of one of both, they have not of the newer. */
void telling_add(struct telling *t, const struct notice *notice)
{
	struct notice *old = find(t, notice->kind, notice->id);

	if (old == NULL || old->bytes.n > 0) {
		(void)append(t, notice);
		return;
	}
	if (notice->seq > old->seq)
		old->seq = notice->seq;
	if (notice->node == 0)
		old->node = 0;
}

/* Too much waits: one read for all of it costs less than all the rows. */
static void drop_rows(struct telling *t)
{
	size_t count = t->count;

	t->plain = true;
	t->count = 0;
	buf_reset(&t->rows);
	t->rows_lines = 0;
	for (size_t i = 0; i < count; i++) {
		struct notice notice = t->waiting[i];

		notice.bytes = SPAN_EMPTY;
		telling_add(t, &notice);
	}
}

/* Behind a number without a row, which must be read, a row is of no use. */
static bool may_have_row(struct telling *t, const struct notice *notice)
{
	const struct notice *old = find(t, NOTICE_MESSAGE, notice->id);

	return t->seal != NULL && !t->plain &&
	       lines_length(notice) <= ROWS_MAX &&
	       (old == NULL || old->bytes.n > 0);
}

void telling_add_stored(struct telling *t, const struct message *m)
{
	struct notice notice = { .kind = NOTICE_MESSAGE,
				 .id = m->session,
				 .seq = m->seq,
				 .node = t->node };
	size_t line, before = t->rows.n;

	notice.bytes.n = MESSAGE_PUT_HEAD + m->origin.n + m->bytes.n;
	line = lines_length(&notice);
	if (may_have_row(t, &notice)) {
		if (t->rows_lines + line <= ROWS_MAX && t->count < ROWS_BESIDE)
			message_put(&t->rows, m);
		if (t->rows.n - before == notice.bytes.n &&
		    append(t, &notice)) {
			t->rows_lines += line;
			return;
		}
		drop_rows(t);
	}
	notice.bytes = SPAN_EMPTY;
	telling_add(t, &notice);
}

bool telling_add_typing(struct telling *t, struct uuid session, uint64_t seq,
			struct span bytes)
{
	struct telling_typing *typing = &t->typing[t->typing_count];

	if (bytes.n > LINES_TYPING_MAX ||
	    t->typing_count == TELLING_TYPING_MAX || t->count > TYPING_BESIDE)
		return false;
	*typing = (struct telling_typing){ session, seq, bytes.n, { 0 } };
	span_copy(typing->bytes, bytes);
	t->typing_count++;
	return true;
}

/* ---- a payload ---- */

static bool has_room(const struct buf *payload, const struct notice *notice)
{
	return payload->n + lines_length(notice) <= LINES_MAX;
}

static void take_waiting(struct telling *t, struct buf *payload)
{
	size_t taken = 0, at = 0;

	for (; taken < t->count && has_room(payload, &t->waiting[taken]);
	     taken++) {
		struct notice notice = t->waiting[taken];

		if (notice.bytes.n > 0) {
			t->rows_lines -= lines_length(&notice);
			notice.bytes = span_of(t->rows.p + at, notice.bytes.n);
			at += notice.bytes.n;
		}
		lines_put(payload, &notice, t->seal);
	}
	buf_consume(&t->rows, at);
	t->count -= taken;
	if (taken > 0)
		memmove(t->waiting, t->waiting + taken,
			t->count * sizeof(*t->waiting));
	if (t->count == 0)
		t->plain = false;
}

/* In what room there is: the others go first. */
static void take_typing(struct telling *t, struct buf *payload)
{
	size_t taken = 0;

	for (; taken < t->typing_count; taken++) {
		const struct telling_typing *typing = &t->typing[taken];
		const struct notice notice = { .kind = NOTICE_TYPING,
					       .id = typing->session,
					       .seq = typing->seq,
					       .bytes = span_of(typing->bytes,
								typing->n) };

		if (!has_room(payload, &notice))
			break;
		lines_put(payload, &notice, t->seal);
	}
	t->typing_count -= taken;
	memmove(t->typing, t->typing + taken,
		t->typing_count * sizeof(*t->typing));
}

void telling_take(struct telling *t, struct buf *payload)
{
	if (t->node != 0)
		lines_put_node(payload, t->node);
	take_waiting(t, payload);
	take_typing(t, payload);
}
