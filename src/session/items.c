#include "session/items.h"

#include <stdlib.h>
#include <string.h>

#include "session/state.h"

#define ITEM_VERSION 1
#define CHAIN_ITEM 8 /* heads */
#define CHAIN_ITEMS (CHAIN_KEPT / CHAIN_ITEM)

/* From so many accounts on their places are in 64 items, and in one before. */
#define PLACES_SPREAD 64
#define PLACES_BITS 6

/* ---- pages ---- */

/* `bytes` at the page's end are a number: without its last bits. */
static void shift_number(struct session_page *page, size_t bytes, unsigned bits)
{
	uint64_t number = 0;

	for (size_t i = page->n - bytes; i < page->n; i++)
		number = number << 8 | page->bytes[i];
	number >>= bits;
	for (size_t i = 0; i < bytes; i++)
		page->bytes[page->n - 1 - i] = (uint8_t)(number >> 8 * i);
}

/* Of items of the group (mls/item_key.h). */
enum {
	NODE_KEY = 1 + 1 + 8,
	EPOCH_KEY = 1 + 1 + 8,
	PART_KEY = EPOCH_KEY + 1,
	SECRET_KEY = PART_KEY + 4,
	NODES_BITS = 4,	 /* 16 nodes */
	SECRETS_BITS = 3 /* 8 nodes of a secret tree */
};

void session_item_page(struct span key, struct session_page *page)
{
	page->n = key.n < sizeof(page->bytes) ? key.n : sizeof(page->bytes);
	(void)span_copy(page->bytes, span_of(key.p, page->n));
	if (key.n < 2 || key.p[0] != 'g')
		return;
	if (key.p[1] == 'n' && key.n == NODE_KEY)
		shift_number(page, 8, NODES_BITS);
	if (key.p[1] == 'e' && key.n == SECRET_KEY)
		shift_number(page, 4, SECRETS_BITS);
	/* the proposals that wait beside their epoch */
	if (key.p[1] == 'e' && key.n == PART_KEY && key.p[EPOCH_KEY] == 'p')
		page->n = EPOCH_KEY;
}

bool session_page_is_public(const struct session_page *page)
{
	return page->n >= 2 && page->bytes[0] == 'g' && page->bytes[1] == 'n';
}

/* ---- the group's ---- */

static struct span group_key(struct span key, uint8_t out[SESSION_ITEM_KEY_MAX])
{
	out[0] = 'g';
	(void)span_copy(out + 1, key);
	return span_of(out, 1 + key.n);
}

static enum err put_group(void *context, struct span key, struct span value)
{
	const struct mls_items *items = context;
	uint8_t whole[SESSION_ITEM_KEY_MAX];

	return items->put(items->context, group_key(key, whole), value);
}

static enum err drop_group(void *context, struct span prefix)
{
	const struct mls_items *items = context;
	uint8_t whole[SESSION_ITEM_KEY_MAX];

	return items->drop(items->context, group_key(prefix, whole));
}

static enum err get_group(void *context, struct span key, struct buf *value)
{
	const struct mls_items *items = context;
	uint8_t whole[SESSION_ITEM_KEY_MAX];

	return items->get(items->context, group_key(key, whole), value);
}

static struct mls_items of_group(struct mls_items *items)
{
	return (struct mls_items){ put_group, drop_group, get_group, items };
}

/* ---- the session's own ---- */

static struct span letter(const char *of)
{
	return span_of(of, 1);
}

/* An empty value is no item. */
static enum err put(const struct mls_items *items, struct span key,
		    struct span value)
{
	return value.n > 0 ? items->put(items->context, key, value)
			   : items->drop(items->context, key);
}

static enum err get(const struct mls_items *items, struct span key,
		    struct buf *value)
{
	enum err e = items->get(items->context, key, value);

	return e == ERR_STATE_GONE ? ERR_OK : e;
}

static enum err put_heads(const struct chain *chain,
			  const struct mls_items *items)
{
	static const uint8_t none[CHAIN_ITEM][CHAIN_HEAD];
	enum err e = ERR_OK;

	for (uint8_t i = 0; i < CHAIN_ITEMS; i++) {
		const uint8_t key[] = { 'c', i };
		struct span heads =
		    span_of(chain->heads[CHAIN_ITEM * i], sizeof(none));

		TRY(put(items, SPAN_ARRAY(key),
			span_equal(heads, SPAN_ARRAY(none)) ? SPAN_EMPTY
							    : heads));
	}
out:
	return e;
}

static enum err get_heads(struct chain *chain, const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	enum err e = ERR_OK;

	for (uint8_t i = 0; i < CHAIN_ITEMS; i++) {
		const uint8_t key[] = { 'c', i };

		buf_reset(&value);
		TRY(get(items, SPAN_ARRAY(key), &value));
		TRY(buf_end(&value));
		ENSURE(value.n == 0 || value.n == CHAIN_ITEM * CHAIN_HEAD,
		       ERR_PEER_MALFORMED);
		(void)span_copy(chain->heads[CHAIN_ITEM * i], buf_span(&value));
	}
out:
	buf_clear(&value);
	return e;
}

/* ---- places ---- */

static uint8_t bits_for(size_t accounts)
{
	return accounts < PLACES_SPREAD ? 0 : PLACES_BITS;
}

/* Takes the rows of accounts that begin with `number` off the front. */
static struct span take_rows(struct span *rows, uint8_t bits, unsigned number)
{
	struct span taken = span_of(rows->p, 0), rest = *rows;
	struct place place;

	while (places_next(&rest, &place) &&
	       (bits == 0 ||
		place.fingerprint.p[0] >> (8 - bits) == (int)number)) {
		taken.n += PLACES_ROW;
		*rows = rest;
	}
	return taken;
}

static enum err put_places(const struct session *session,
			   const struct mls_items *items)
{
	uint8_t bits = bits_for(session->places.count);
	const uint8_t others[] = { 'p', bits == 0 ? PLACES_BITS : 0 };
	struct buf all = BUF_INIT;
	struct span rows;
	enum err e;

	place_map_put(&session->places, &all);
	TRY(buf_end(&all));
	rows = buf_span(&all);
	TRY(items->drop(items->context, SPAN_ARRAY(others)));
	for (unsigned i = 0; i < 1u << bits; i++) {
		const uint8_t key[] = { 'p', bits, (uint8_t)i };

		TRY(put(items, SPAN_ARRAY(key), take_rows(&rows, bits, i)));
	}
	ENSURE(rows.n == 0, ERR_LOCAL_BUG);
out:
	buf_clear(&all);
	return e;
}

static enum err get_places(struct session *session, uint64_t count,
			   const struct mls_items *items)
{
	uint8_t bits = bits_for(count);
	struct buf rows = BUF_INIT;
	enum err e = ERR_OK;

	for (unsigned i = 0; i < 1u << bits; i++) {
		const uint8_t key[] = { 'p', bits, (uint8_t)i };

		TRY(get(items, SPAN_ARRAY(key), &rows));
	}
	TRY(buf_end(&rows));
	TRY(place_map_read(buf_span(&rows), &session->places));
	ENSURE(session->places.count == count, ERR_PEER_MALFORMED);
out:
	buf_clear(&rows);
	return e;
}

/* ---- what is small ---- */

static enum err put_small(const struct session *session,
			  const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	enum err e;

	buf_put_u8(&value, ITEM_VERSION);
	buf_put(&value, session_id_span(session));
	buf_put_u8(&value, session_save_flags(session));
	chain_save_place(&session->chain, &value);
	buf_put_u8(&value, session->places.there);
	buf_put_u64(&value, session->places.count);
	TRY(buf_end(&value));
	TRY(put(items, letter("s"), buf_span(&value)));
out:
	buf_clear(&value);
	return e;
}

static enum err get_small(struct session *session,
			  const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	struct rd r;
	uint8_t version, there;
	uint64_t accounts;
	enum err e;

	TRY(get(items, letter("s"), &value));
	TRY(buf_end(&value));
	r = rd_init(buf_span(&value));
	version = rd_u8(&r);
	TRY(r.fail);
	ENSURE(version == ITEM_VERSION, ERR_PEER_UNSUPPORTED);
	rd_copy(&r, session->id, SESSION_ID);
	session_load_flags(session, rd_u8(&r));
	chain_load_place(&session->chain, &r);
	there = rd_u8(&r);
	accounts = rd_u64(&r);
	TRY(rd_end(&r));
	TRY(get_heads(&session->chain, items));
	if (there == 1)
		TRY(get_places(session, accounts, items));
out:
	buf_clear(&value);
	return e;
}

/* ---- what is mostly empty ---- */

static enum err put_lists(const struct session *session,
			  const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	enum err e;

	if (session->outbox.count > 0)
		outbox_save(&session->outbox, &value);
	TRY(buf_end(&value));
	TRY(put(items, letter("o"), buf_span(&value)));
	TRY(put(items, letter("t"), buf_span(&session->staged)));
	TRY(put(items, letter("d"), buf_span(&session->departures)));
	buf_reset(&value);
	if (session->places.there)
		unsettled_save(&session->unsettled, &value);
	TRY(buf_end(&value));
	TRY(put(items, letter("u"), buf_span(&value)));
	buf_reset(&value);
	if (session->successor != NULL)
		TRY(session_save_successor(session, &value));
	TRY(buf_end(&value));
	TRY(put(items, letter("x"), buf_span(&value)));
out:
	buf_clear(&value);
	return e;
}

typedef enum err load_list(struct session *session, struct rd *r);

static enum err load_outbox(struct session *session, struct rd *r)
{
	outbox_load(&session->outbox, r);
	return r->fail;
}

static enum err load_unsettled(struct session *session, struct rd *r)
{
	return unsettled_load(&session->unsettled, r);
}

static enum err get_list(struct session *session, const char *of,
			 load_list *load, const struct mls_items *items)
{
	struct buf value = BUF_INIT;
	struct rd r;
	enum err e;

	TRY(get(items, letter(of), &value));
	TRY(buf_end(&value));
	if (value.n == 0)
		goto out;
	r = rd_init(buf_span(&value));
	TRY(load(session, &r));
	TRY(rd_end(&r));
out:
	buf_clear(&value);
	return e;
}

static enum err get_lists(struct session *session,
			  const struct mls_items *items)
{
	enum err e;

	TRY(get_list(session, "o", load_outbox, items));
	TRY(get(items, letter("t"), &session->staged));
	TRY(buf_end(&session->staged));
	TRY(get(items, letter("d"), &session->departures));
	TRY(buf_end(&session->departures));
	TRY(get_list(session, "u", load_unsettled, items));
	TRY(get_list(session, "x", session_load_successor, items));
out:
	return e;
}

/* ---- the whole ---- */

enum err session_store(struct session *session, const struct mls_items *items)
{
	struct mls_items inner = *items;
	const struct mls_items group = of_group(&inner);
	enum err e;

	TRY(put_small(session, items));
	TRY(put_heads(&session->chain, items));
	TRY(put_places(session, items));
	TRY(put_lists(session, items));
	TRY(mls_group_store(session->group, &group));
out:
	return e;
}

void session_store_again(struct session *session)
{
	mls_group_store_again(session->group);
}

enum err session_restore(const struct mls_items *items,
			 struct session **session)
{
	struct mls_items inner = *items;
	const struct mls_items group = of_group(&inner);
	struct session *s = calloc(1, sizeof(*s));
	enum err e;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	TRY(get_small(s, items));
	TRY(get_lists(s, items));
	TRY(mls_group_restore(&group, &s->group));
	TRY(session_check_loaded(s));
	*session = s;
	s = NULL;
out:
	session_free(s);
	return e;
}
