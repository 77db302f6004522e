#include "device/group/shelf.h"

#include "base/digest.h"
#include "base/rd.h"
#include "base/sec.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "session/items.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE (SHELF_ID_MAX + 80)

/* What "session/ID" begins with: the versions of session_load() are smaller. */
#define BY_ITEM 6

/* A page's items are opaque key<V>, opaque value<V> each. */
struct page {
	struct session_page key;
	struct buf items, asked; /* asked: those that were, while all is read */
	size_t written;		 /* bytes of the record; 0: there is none */
	struct digest record;	 /* of those bytes */
	enum err read;		 /* what reading it came to */
	bool changed;
};

struct shelf {
	char id[SHELF_ID_MAX];
	uint64_t number;
	struct digest all; /* that its record says, of all pages */
	const struct device_store *store; /* borrowed, see shelf_items() */
	struct page **pages;		  /* by their keys */
	size_t count, room;
	bool reading;
};

static enum err make(const char *id, struct shelf **shelf)
{
	struct shelf *made = calloc(1, sizeof(*made));
	enum err e = ERR_OK;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	ENSURE(strlen(id) < SHELF_ID_MAX, ERR_LOCAL_BUG);
	memcpy(made->id, id, strlen(id));
	*shelf = made;
	made = NULL;
out:
	shelf_free(made);
	return e;
}

enum err shelf_new(const char *id, const struct rng *rng, struct shelf **shelf)
{
	struct shelf *made = NULL;
	enum err e;

	TRY(make(id, &made));
	TRY(rng_fill(rng, (uint8_t *)&made->number, sizeof(made->number)));
	*shelf = made;
	made = NULL;
out:
	shelf_free(made);
	return e;
}

bool shelf_is_record(struct span record)
{
	return record.n > 0 && record.p[0] == BY_ITEM;
}

enum err shelf_open(const char *id, struct span record, struct shelf **shelf)
{
	struct rd r = rd_init(record);
	struct shelf *made = NULL;
	enum err e;

	TRY(make(id, &made));
	ENSURE(rd_u8(&r) == BY_ITEM, ERR_PEER_MALFORMED);
	made->number = rd_u64(&r);
	rd_copy(&r, made->all.bytes, sizeof(made->all.bytes));
	TRY(rd_end(&r));
	made->reading = true;
	*shelf = made;
	made = NULL;
out:
	shelf_free(made);
	return e;
}

static void page_free(struct page *page)
{
	if (page == NULL)
		return;
	buf_clear(&page->items);
	buf_clear(&page->asked);
	free(page);
}

void shelf_free(struct shelf *shelf)
{
	if (shelf == NULL)
		return;
	for (size_t i = 0; i < shelf->count; i++)
		page_free(shelf->pages[i]);
	free(shelf->pages);
	free(shelf);
}

/* ---- pages ---- */

static struct span key_of(const struct page *page)
{
	return span_of(page->key.bytes, page->key.n);
}

/* The first one that is not before that key. */
static size_t place_of(const struct shelf *shelf, struct span key)
{
	size_t low = 0, high = shelf->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_compare(key_of(shelf->pages[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void record_name(const struct shelf *shelf, const struct page *page,
			char name[NAME_SIZE])
{
	int n = snprintf(name, NAME_SIZE, "item/%s/%016" PRIx64 "/", shelf->id,
			 shelf->number);

	for (size_t i = 0; i < page->key.n; i++)
		n += snprintf(name + n, NAME_SIZE - (size_t)n, "%02x",
			      page->key.bytes[i]);
}

static enum err read_page(const struct shelf *shelf, struct page *page)
{
	char name[NAME_SIZE];
	enum err e;

	record_name(shelf, page, name);
	e = shelf->store->get(shelf->store->context, name, &page->items);
	if (e == ERR_STATE_GONE)
		return ERR_OK;
	page->written = 1; /* whatever it is: see shelf_remove() */
	TRY(e);
	TRY(buf_end(&page->items));
	TRY(hash_one(buf_span(&page->items), page->record.bytes));
	page->written = page->items.n;
out:
	return e;
}

static enum err make_room(struct shelf *shelf)
{
	size_t room = shelf->room > 0 ? 2 * shelf->room : 64;
	struct page **grown;

	if (shelf->count < shelf->room)
		return ERR_OK;
	grown = realloc(shelf->pages, room * sizeof(*grown));
	if (grown == NULL)
		return ERR_LOCAL_MEMORY;
	shelf->pages = grown;
	shelf->room = room;
	return ERR_OK;
}

static enum err insert(struct shelf *shelf, size_t at, struct page *page)
{
	enum err e;

	TRY(make_room(shelf));
	memmove(&shelf->pages[at + 1], &shelf->pages[at],
		(shelf->count - at) * sizeof(struct page *));
	shelf->pages[at] = page;
	shelf->count++;
out:
	return e;
}

/* The page of an item. When all has been read, one that is not known has no record. */
static enum err page_of(struct shelf *shelf, struct span item,
			struct page **out)
{
	struct session_page key;
	struct page *page = NULL;
	size_t at;
	enum err e = ERR_OK;

	session_item_page(item, &key);
	at = place_of(shelf, span_of(key.bytes, key.n));
	if (at < shelf->count &&
	    span_equal(key_of(shelf->pages[at]), span_of(key.bytes, key.n))) {
		*out = shelf->pages[at];
		return shelf->pages[at]->read;
	}
	page = calloc(1, sizeof(*page));
	ENSURE(page != NULL, ERR_LOCAL_MEMORY);
	page->key = key;
	TRY(insert(shelf, at, page));
	*out = page;
	page = NULL;
	if (shelf->reading)
		e = (*out)->read = read_page(shelf, *out);
out:
	page_free(page);
	return e;
}

/* ---- items ---- */

/* The next one is taken off the front; false at the end. */
static bool next_item(struct rd *r, struct span *key, struct span *value)
{
	if (rd_left(r) == 0 || !rd_ok(r))
		return false;
	*key = rd_vec(r);
	*value = rd_vec(r);
	return rd_ok(r);
}

static void put_item(struct buf *items, struct span key, struct span value)
{
	buf_put_vec(items, key);
	buf_put_vec(items, value);
}

static enum err find(struct span items, struct span key, struct span *value)
{
	struct rd r = rd_init(items);
	struct span there;

	while (next_item(&r, &there, value))
		if (span_equal(there, key))
			return ERR_OK;
	return rd_ok(&r) ? ERR_STATE_GONE : r.fail;
}

static bool begins_with(struct span text, struct span prefix)
{
	return text.n >= prefix.n &&
	       span_equal(span_of(text.p, prefix.n), prefix);
}

/* Appends the page's items without that one, or without all that begin with it. */
static void put_others(const struct page *page, struct span one, bool all,
		       struct buf *items)
{
	struct rd r = rd_init(buf_span(&page->items));
	struct span key, value;

	while (next_item(&r, &key, &value))
		if (all ? !begins_with(key, one) : !span_equal(key, one))
			put_item(items, key, value);
}

static enum err put(void *context, struct span key, struct span value)
{
	struct shelf *shelf = context;
	struct buf items = BUF_INIT;
	struct page *page;
	struct span there;
	enum err e;

	TRY(page_of(shelf, key, &page));
	if (find(buf_span(&page->items), key, &there) == ERR_OK &&
	    span_equal(there, value))
		return ERR_OK;
	put_others(page, key, false, &items);
	put_item(&items, key, value);
	TRY(buf_end(&items));
	buf_clear(&page->items);
	page->items = items;
	items = BUF_INIT;
	page->changed = true;
out:
	buf_clear(&items);
	return e;
}

static enum err drop_from(struct page *page, struct span prefix)
{
	struct buf items = BUF_INIT;
	enum err e;

	put_others(page, prefix, true, &items);
	TRY(buf_end(&items));
	if (items.n == page->items.n)
		goto out;
	buf_clear(&page->items);
	page->items = items;
	items = BUF_INIT;
	page->changed |= !session_page_is_public(&page->key) ||
			 page->items.n < page->written / 2;
out:
	buf_clear(&items);
	return e;
}

static enum err drop(void *context, struct span prefix)
{
	struct shelf *shelf = context;
	struct session_page first;
	struct span key;
	enum err e = ERR_OK;

	session_item_page(prefix, &first);
	key = span_of(first.bytes, first.n);
	for (size_t i = place_of(shelf, key);
	     i < shelf->count && begins_with(key_of(shelf->pages[i]), key); i++)
		TRY(drop_from(shelf->pages[i], prefix));
out:
	return e;
}

static enum err get(void *context, struct span key, struct buf *value)
{
	struct shelf *shelf = context;
	struct page *page;
	struct span there, again;
	enum err e;

	TRY(page_of(shelf, key, &page));
	TRY(find(buf_span(&page->items), key, &there));
	if (shelf->reading &&
	    find(buf_span(&page->asked), key, &again) == ERR_STATE_GONE)
		put_item(&page->asked, key, there);
	buf_put(value, there);
	e = value->fail;
out:
	return e;
}

struct mls_items shelf_items(struct shelf *shelf,
			     const struct device_store *store)
{
	shelf->store = store;
	return (struct mls_items){ put, drop, get, shelf };
}

/* Of all pages that have a record. */
static enum err digest_all(const struct shelf *shelf, struct digest *digest)
{
	struct buf all = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < shelf->count; i++) {
		const struct page *page = shelf->pages[i];

		if (page->written == 0)
			continue;
		buf_put_vec(&all, key_of(page));
		buf_put(&all, SPAN_ARRAY(page->record.bytes));
	}
	TRY(buf_end(&all));
	TRY(hash_one(buf_span(&all), digest->bytes));
out:
	buf_clear(&all);
	return e;
}

enum err shelf_is_read(struct shelf *shelf)
{
	struct digest now;
	enum err e;

	TRY(digest_all(shelf, &now));
	ENSURE(digest_equal(now, shelf->all), ERR_PEER_MALFORMED);
	shelf->reading = false;
	for (size_t i = 0; i < shelf->count; i++) {
		struct page *page = shelf->pages[i];

		TRY(buf_end(&page->asked));
		buf_clear(&page->items);
		page->items = page->asked;
		page->asked = BUF_INIT;
	}
out:
	return e;
}

static enum err write_page(const struct shelf *shelf,
			   const struct device_store *store, struct page *page)
{
	char name[NAME_SIZE];
	enum err e = ERR_OK;

	record_name(shelf, page, name);
	if (page->items.n > 0) {
		TRY(hash_one(buf_span(&page->items), page->record.bytes));
		TRY(store->put(store->context, name, buf_span(&page->items)));
	} else if (page->written > 0) {
		TRY(store->remove(store->context, name));
	}
	page->written = page->items.n;
	page->changed = false;
out:
	return e;
}

enum err shelf_flush(struct shelf *shelf, const struct device_store *store,
		     struct buf *record)
{
	bool changed = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < shelf->count; i++) {
		if (!shelf->pages[i]->changed)
			continue;
		changed = true;
		TRY(write_page(shelf, store, shelf->pages[i]));
	}
	if (!changed)
		goto out;
	TRY(digest_all(shelf, &shelf->all));
	buf_put_u8(record, BY_ITEM);
	buf_put_u64(record, shelf->number);
	buf_put(record, SPAN_ARRAY(shelf->all.bytes));
	TRY(buf_end(record));
out:
	return e;
}

enum err shelf_remove(struct shelf *shelf, const struct device_store *store)
{
	char name[NAME_SIZE];
	enum err e = ERR_OK;

	for (size_t i = 0; i < shelf->count; i++) {
		if (shelf->pages[i]->written == 0)
			continue;
		record_name(shelf, shelf->pages[i], name);
		TRY(store->remove(store->context, name));
	}
out:
	return e;
}
