/* What a server answers, or pushes: the first byte says to which request. What
 * is read out of it lies within what was decoded. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "reach/reply.h"

/* Touches every byte, for the sanitizers. */
static void touch(struct span bytes)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < bytes.n; i++)
		sum = (uint8_t)(sum + bytes.p[i]);
}

static void touch_text(const char *text)
{
	if (text == NULL)
		abort();
	touch(span_str(text));
}

static void touch_answer(const struct answer *a)
{
	for (size_t i = 0; i < a->entry_count; i++) {
		const struct answer_entry *entry = &a->entries[i];

		touch(entry->bytes);
		if ((entry->bare || entry->expired) && entry->bytes.n > 0)
			abort();
	}
	touch(a->group_info);
	touch(a->tree);
	for (size_t i = 0; i < a->welcome_count; i++) {
		touch_text(a->welcomes[i].welcome_id);
		touch_text(a->welcomes[i].session);
		touch(a->welcomes[i].welcome);
	}
	for (size_t i = 0; i < a->key_package_count; i++) {
		touch_text(a->key_packages[i].device_id);
		touch(a->key_packages[i].key_package);
	}
	touch(a->salt);
	for (size_t i = 0; i < a->link_count; i++)
		touch(a->links[i]);
	for (size_t i = 0; i < a->stock_count; i++)
		touch_text(a->stock[i].algorithm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { .limit = 500 };
	struct reply reply;
	json_t *body;

	if (size == 0)
		return 0;
	body = json_loadb((const char *)data + 1, size - 1, 0, NULL);
	if (body == NULL)
		return 0;
	request.kind = (enum request_kind)(data[0] % REQUEST_KINDS);
	if (reply_read(&request, body, &reply) == ERR_OK)
		touch_answer(&reply.answer);
	reply_clear(&reply);
	if (reply_entries(body, &reply) == ERR_OK)
		touch_answer(&reply.answer);
	reply_clear(&reply);
	json_decref(body);
	return 0;
}
