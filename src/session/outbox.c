#include "session/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/sec.h"

void outbox_item_clear(struct outbox_item *item)
{
	buf_clear(&item->data);
	buf_clear(&item->envelope);
	sec_wipe(item, sizeof(*item));
}

void outbox_clear(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		outbox_item_clear(&outbox->items[i]);
	free(outbox->items);
	*outbox = (struct outbox){ NULL, 0 };
}

enum err outbox_add(struct outbox *outbox, struct outbox_item *item)
{
	/* realloc() is safe here: the secrets are in the items' buffers. */
	struct outbox_item *items = realloc(
	    outbox->items, (outbox->count + 1) * sizeof(*outbox->items));

	if (items == NULL)
		return ERR_LOCAL_MEMORY;
	outbox->items = items;
	outbox->items[outbox->count++] = *item;
	memset(item, 0, sizeof(*item));
	return ERR_OK;
}

void outbox_replace(struct outbox *outbox, size_t index,
		    struct outbox_item *item)
{
	outbox_item_clear(&outbox->items[index]);
	outbox->items[index] = *item;
	memset(item, 0, sizeof(*item));
}

size_t outbox_find(const struct outbox *outbox, struct span envelope)
{
	size_t i = 0;

	while (i < outbox->count &&
	       !span_equal(buf_span(&outbox->items[i].envelope), envelope))
		i++;
	return i;
}

void outbox_remove(struct outbox *outbox, size_t index)
{
	struct outbox_item *item = &outbox->items[index];

	outbox_item_clear(item);
	memmove(item, item + 1, (outbox->count - index - 1) * sizeof(*item));
	outbox->count--;
}

void outbox_save(const struct outbox *outbox, struct buf *out)
{
	size_t vec = buf_open_vec(out);

	for (size_t i = 0; i < outbox->count; i++) {
		const struct outbox_item *item = &outbox->items[i];

		buf_put_u64(out, item->epoch);
		buf_put(out, SPAN_ARRAY(item->nonce));
		buf_put_vec(out, buf_span(&item->data));
		buf_put_vec(out, buf_span(&item->envelope));
	}
	buf_close_vec(out, vec);
}

void outbox_load(struct outbox *outbox, struct rd *r)
{
	struct rd list = rd_open_vec(r);

	while (rd_left(&list) > 0) {
		struct outbox_item item = { 0 };
		enum err e;

		item.epoch = rd_u64(&list);
		rd_copy(&list, item.nonce, OUTBOX_NONCE);
		buf_put(&item.data, rd_vec(&list));
		buf_put(&item.envelope, rd_vec(&list));
		TRY(buf_end(&item.data));
		TRY(buf_end(&item.envelope));
		TRY(outbox_add(outbox, &item));
	out:
		if (e != ERR_OK)
			rd_fail(&list, e);
		outbox_item_clear(&item);
	}
	rd_close(r, &list);
}
