#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "store/bucket.h"

void batch_begin(struct batch *b, bool expected)
{
	b->count = 0;
	b->bytes = 0;
	b->expected = expected;
	b->part_count = 0;
	if (expected)
		memset(b->slots, 0, sizeof(b->slots));
}

bool batch_is_full(const struct batch *b)
{
	return b->count == BATCH_MESSAGES || b->bytes >= BATCH_BYTES;
}

static bool has_nonce_of(const struct item *a, const struct item *b)
{
	return memcmp(a->message.nonce, b->message.nonce, 16) == 0 &&
	       uuid_equal(a->message.session, b->message.session);
}

/* Notes the nonce of what comes next; false: it is there. */
static bool note_nonce(struct batch *b, const struct item *item)
{
	const uint8_t *nonce = item->message.nonce;
	/* from its random part */
	size_t at = (size_t)nonce[14] << 8 | nonce[15];

	for (;; at++) {
		uint16_t *slot = &b->slots[at % BATCH_SLOTS];

		if (*slot == 0) {
			*slot = (uint16_t)(b->count + 1);
			return true;
		}
		if (has_nonce_of(b->items[*slot - 1], item))
			return false;
	}
}

bool batch_add(struct batch *b, struct item *item)
{
	if (b->expected && !note_nonce(b, item))
		return false;
	item->turn = b->count;
	b->items[b->count++] = item;
	b->bytes += item->message.envelope.n;
	return true;
}

/* ---- what is expected ---- */

static int by_session(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a;
	const struct item *y = *(struct item *const *)b;
	int order = uuid_compare(&x->message.session, &y->message.session);

	return order != 0 ? order : (x->turn > y->turn) - (x->turn < y->turn);
}

static struct batch_part *open_part(struct batch *b, size_t first,
				    const struct tail *tail)
{
	struct batch_part *part = &b->parts[b->part_count++];

	*part = (struct batch_part){ .first = first,
				     .from_seq = tail->seq,
				     .from_head = tail->head };
	return part;
}

enum err batch_expect(struct batch *b, struct tails *tails,
		      append_head *next_head)
{
	struct batch_part *part = NULL;
	struct digest head = { { 0 } };
	enum err e = ERR_OK;

	/* locks are taken in the order of the ids, by everybody */
	qsort(b->items, b->count, sizeof(*b->items), by_session);
	for (size_t i = 0; i < b->count; i++) {
		struct item *item = b->items[i];
		const struct append *m = &item->message;

		if (i == 0 ||
		    !uuid_equal(b->items[i - 1]->message.session, m->session)) {
			const struct tail *tail = tails_expect(
			    tails, m->session, m->epoch, m->device);

			ENSURE(tail != NULL, ERR_LOCAL_BUG);
			part = open_part(b, i, tail);
			head = part->from_head;
		}
		part->count++;
		item->seq = part->from_seq + part->count;
		TRY(next_head(head, item->seq, m->envelope, &item->hash,
			      &item->head));
		head = item->head;
	}
out:
	return e;
}

/* ---- columns ---- */

/* An item's value in one column. */
typedef void column(struct params *p, const struct item *item);

static void put_session(struct params *p, const struct item *item)
{
	params_put_uuid(p, item->message.session);
}

static void put_device(struct params *p, const struct item *item)
{
	params_put_uuid(p, item->message.device);
}

static void put_epoch(struct params *p, const struct item *item)
{
	params_put_i64(p, (int64_t)item->message.epoch);
}

static void put_seq(struct params *p, const struct item *item)
{
	params_put_i64(p, (int64_t)item->seq);
}

static void put_nonce(struct params *p, const struct item *item)
{
	params_put_bytes(p, SPAN_ARRAY(item->message.nonce));
}

static void put_envelope(struct params *p, const struct item *item)
{
	params_put_bytes(p, item->message.envelope);
}

static void put_head(struct params *p, const struct item *item)
{
	params_put_digest(p, item->head);
}

static void put_hash(struct params *p, const struct item *item)
{
	params_put_digest(p, item->hash);
}

static void put_origin(struct params *p, const struct item *item)
{
	params_put_bytes(p, item->message.origin);
}

static void put_view_head(struct params *p, const struct item *item)
{
	params_put_digest(p, item->message.view_head);
}

/* -1: known to be in the log. */
static void put_view_seq(struct params *p, const struct item *item)
{
	params_put_i64(p, item->seen ? -1 : (int64_t)item->message.view_seq);
}

static void put_expires(struct params *p, const struct item *item)
{
	params_put_i64(p, (int64_t)item->message.expires_ms);
}

static void put_column(struct params *p, struct item *const *items, size_t n,
		       enum params_type type, column *put_value)
{
	params_open_array(p, type, n);
	for (size_t i = 0; i < n; i++)
		put_value(p, items[i]);
	params_close_array(p);
}

/* ---- statements ---- */

/* Where each session's log is to move, and from where. */
static void put_parts(const struct batch *b, struct params *p)
{
	struct item *last[BATCH_MESSAGES] = { NULL };
	size_t n = b->part_count;

	for (size_t k = 0; k < n; k++)
		last[k] = b->items[b->parts[k].first + b->parts[k].count - 1];
	put_column(p, last, n, PARAMS_UUID, put_session);
	put_column(p, last, n, PARAMS_INT8, put_epoch);
	params_open_array(p, PARAMS_INT8, n);
	for (size_t k = 0; k < n; k++)
		params_put_i64(p, (int64_t)b->parts[k].from_seq);
	params_close_array(p);
	params_open_array(p, PARAMS_BYTEA, n);
	for (size_t k = 0; k < n; k++)
		params_put_digest(p, b->parts[k].from_head);
	params_close_array(p);
	put_column(p, last, n, PARAMS_INT8, put_seq);
	put_column(p, last, n, PARAMS_BYTEA, put_head);
}

/* The views that have to be looked up. */
static void put_views(const struct batch *b, struct params *p)
{
	struct item *asked[BATCH_MESSAGES];
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (!b->items[i]->seen)
			asked[n++] = b->items[i];
	put_column(p, asked, n, PARAMS_UUID, put_session);
	put_column(p, asked, n, PARAMS_INT8, put_view_seq);
	put_column(p, asked, n, PARAMS_BYTEA, put_view_head);
}

/* Those whose bytes are to go at a time. */
static void put_expiring(const struct batch *b, struct params *p)
{
	struct item *expiring[BATCH_MESSAGES];
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->items[i]->message.expires_ms > 0)
			expiring[n++] = b->items[i];
	put_column(p, expiring, n, PARAMS_UUID, put_session);
	put_column(p, expiring, n, PARAMS_INT8, put_seq);
	put_column(p, expiring, n, PARAMS_INT8, put_expires);
}

static uint64_t first_limit(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* When keys are due, for what is expected. */
static void put_limits(struct params *p, const struct rotation_limits *rotation)
{
	params_i64(p, (int64_t)first_limit(rotation->messages,
					   rotation->hard_messages));
	params_i64(p, (int64_t)rotation->hard_seconds);
}

static void encode_expected(const struct batch *b,
			    const struct rotation_limits *rotation,
			    unsigned buckets, struct params *p)
{
	put_parts(b, p);
	put_column(p, b->items, b->count, PARAMS_UUID, put_session);
	put_column(p, b->items, b->count, PARAMS_UUID, put_device);
	put_column(p, b->items, b->count, PARAMS_INT8, put_seq);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_nonce);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_envelope);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_head);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_hash);
	put_column(p, b->items, b->count, PARAMS_TEXT, put_origin);
	put_limits(p, rotation);
	put_views(b, p);
	put_expiring(b, p);
	if (buckets > 1)
		params_uuid(p, b->items[0]->message.session);
}

/* Most batches are of one envelope where there is little to do, and then the statement over
 * arrays is most of what a message costs the database. Over several machines a function is
 * called all the same, since its call goes to the one that has the session. */
static bool is_one(const struct batch *b, unsigned buckets)
{
	const struct item *item = b->items[0];

	return buckets <= 1 && b->expected && b->count == 1 && item->seen &&
	       item->message.expires_ms == 0;
}

static void encode_one(const struct batch *b,
		       const struct rotation_limits *rotation, struct params *p)
{
	const struct item *item = b->items[0];
	const struct append *m = &item->message;

	params_uuid(p, m->session);
	params_i64(p, (int64_t)m->epoch);
	params_i64(p, (int64_t)b->parts[0].from_seq);
	params_digest(p, b->parts[0].from_head);
	params_i64(p, (int64_t)item->seq);
	params_digest(p, item->head);
	params_uuid(p, m->device);
	params_bytea(p, SPAN_ARRAY(m->nonce));
	params_bytea(p, m->envelope);
	params_digest(p, item->hash);
	params_text(p, m->origin);
	put_limits(p, rotation);
}

enum statement batch_statement(const struct batch *b, unsigned buckets)
{
	if (is_one(b, buckets))
		return STATEMENT_MESSAGE_APPEND_ONE;
	if (!b->expected)
		return STATEMENT_MESSAGE_APPEND;
	return buckets > 1 ? STATEMENT_MESSAGE_APPEND_SPREAD
			   : STATEMENT_MESSAGE_APPEND_EXPECTED;
}

void batch_encode(const struct batch *b, const struct rotation_limits *rotation,
		  unsigned buckets, struct params *p)
{
	if (is_one(b, buckets)) {
		encode_one(b, rotation, p);
		return;
	}
	if (b->expected) {
		encode_expected(b, rotation, buckets, p);
		return;
	}
	put_column(p, b->items, b->count, PARAMS_UUID, put_session);
	put_column(p, b->items, b->count, PARAMS_UUID, put_device);
	put_column(p, b->items, b->count, PARAMS_INT8, put_epoch);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_nonce);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_envelope);
	put_column(p, b->items, b->count, PARAMS_TEXT, put_origin);
	put_column(p, b->items, b->count, PARAMS_INT8, put_view_seq);
	put_column(p, b->items, b->count, PARAMS_BYTEA, put_view_head);
	params_i64(p, (int64_t)rotation->messages);
	params_i64(p, (int64_t)rotation->grace_seconds);
	params_i64(p, (int64_t)rotation->hard_messages);
	params_i64(p, (int64_t)rotation->hard_seconds);
	put_column(p, b->items, b->count, PARAMS_INT8, put_expires);
	bucket_put(p, b->items[0]->message.session, buckets);
}

enum err batch_read_moved(struct batch *b, struct rows *rows)
{
	for (size_t i = 0; i < rows_count(rows); i++) {
		uint64_t ord = (uint64_t)rows_i64(rows, i, "ord");

		b->sent_ms = (uint64_t)rows_i64(rows, i, "sent_ms");
		if (ord < 1 || ord > b->part_count)
			return ERR_LOCAL_BUG;
		b->parts[ord - 1].moved = true;
	}
	return rows_end(rows);
}

bool batch_read_result(struct rows *rows, size_t i, struct append_result *r)
{
	static const struct {
		const char *text;
		enum append_outcome outcome;
	} names[] = {
		{ "ok", APPEND_OK },
		{ "duplicate", APPEND_DUPLICATE },
		{ "nonce-reused", APPEND_NONCE_REUSED },
		{ "view-differs", APPEND_VIEW_DIFFERS },
		{ "epoch-changed", APPEND_EPOCH_CHANGED },
		{ "not-a-member", APPEND_NOT_A_MEMBER },
		{ "no-session", APPEND_NO_SESSION },
		{ "rotation-required", APPEND_ROTATION_REQUIRED },
		{ "session-ended", APPEND_SESSION_ENDED },
	};
	struct span text = rows_text(rows, i, "outcome");

	*r = (struct append_result){ .outcome = APPEND_UNAVAILABLE };
	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (!span_equal(text, span_str(names[k].text)))
			continue;
		r->outcome = names[k].outcome;
		if (r->outcome != APPEND_NO_SESSION)
			r->epoch = (uint64_t)rows_i64(rows, i, "epoch");
		if (r->outcome > APPEND_DUPLICATE)
			return true;
		r->seq = (uint64_t)rows_i64(rows, i, "seq");
		r->sent_ms = (uint64_t)rows_i64(rows, i, "sent_ms");
		r->rotation_due = r->outcome == APPEND_OK &&
				  rows_bool(rows, i, "rotation_due");
		r->head = rows_digest(rows, i, "head");
		if (r->outcome == APPEND_OK)
			r->hash = rows_digest(rows, i, "hash");
		return true;
	}
	return !span_equal(text, SPAN_LIT("again"));
}
