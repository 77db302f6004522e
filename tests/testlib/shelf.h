/* A store of items in memory, for tests of mls/items.h: include it after
 * cmocka.h. */
#ifndef HERMETIC_TESTS_SHELF_H
#define HERMETIC_TESTS_SHELF_H

#include <stdlib.h>
#include <string.h>

#include "mls/items.h"

struct shelf_item {
	uint8_t key[MLS_ITEM_KEY_MAX];
	size_t key_n;
	uint8_t *value;
	size_t n;
};

struct shelf {
	struct shelf_item *items;
	size_t count, room;
	size_t puts, drops, bytes; /* since shelf_count() */
	size_t calls, fail_at;	   /* the how manieth fails; 0: none */
	struct mls_items port;
};

static bool shelf_fails(struct shelf *shelf)
{
	return ++shelf->calls == shelf->fail_at;
}

static size_t shelf_find(const struct shelf *shelf, struct span key)
{
	size_t i = 0;

	while (i < shelf->count &&
	       !span_equal(span_of(shelf->items[i].key, shelf->items[i].key_n),
			   key))
		i++;
	return i;
}

static enum err shelf_put(void *context, struct span key, struct span value)
{
	struct shelf *shelf = context;
	size_t at = shelf_find(shelf, key);
	struct shelf_item *item;

	if (shelf_fails(shelf))
		return ERR_LOCAL_IO;
	assert_true(key.n > 0 && key.n <= MLS_ITEM_KEY_MAX && value.n > 0);
	if (at == shelf->room) {
		shelf->room = shelf->room > 0 ? 2 * shelf->room : 64;
		shelf->items =
		    realloc(shelf->items, shelf->room * sizeof(*shelf->items));
		assert_non_null(shelf->items);
	}
	item = &shelf->items[at];
	if (at == shelf->count) {
		shelf->count++;
		item->value = NULL;
	}
	memcpy(item->key, key.p, key.n);
	item->key_n = key.n;
	free(item->value);
	item->value = malloc(value.n);
	assert_non_null(item->value);
	memcpy(item->value, value.p, value.n);
	item->n = value.n;
	shelf->puts++;
	shelf->bytes += key.n + value.n;
	return ERR_OK;
}

static enum err shelf_drop(void *context, struct span prefix)
{
	struct shelf *shelf = context;
	size_t kept = 0;

	if (shelf_fails(shelf))
		return ERR_LOCAL_IO;
	for (size_t i = 0; i < shelf->count; i++) {
		struct shelf_item *item = &shelf->items[i];

		if (item->key_n >= prefix.n &&
		    span_equal(span_of(item->key, prefix.n), prefix))
			free(item->value);
		else
			shelf->items[kept++] = *item;
	}
	shelf->count = kept;
	shelf->drops++;
	return ERR_OK;
}

static enum err shelf_get(void *context, struct span key, struct buf *value)
{
	struct shelf *shelf = context;
	size_t at = shelf_find(shelf, key);

	if (shelf_fails(shelf))
		return ERR_LOCAL_IO;
	if (at == shelf->count)
		return ERR_STATE_GONE;
	buf_put(value, span_of(shelf->items[at].value, shelf->items[at].n));
	return buf_end(value);
}

static void shelf_init(struct shelf *shelf)
{
	*shelf = (struct shelf){ .items = NULL };
	shelf->port =
	    (struct mls_items){ shelf_put, shelf_drop, shelf_get, shelf };
}

static void shelf_count(struct shelf *shelf)
{
	shelf->puts = shelf->drops = shelf->bytes = shelf->calls = 0;
}

static void shelf_clear(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++)
		free(shelf->items[i].value);
	free(shelf->items);
	shelf_init(shelf);
}

#endif
