#include "tests/sim/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/blob.h"

void reply_free(struct reply *reply)
{
	for (size_t i = 0; i < reply->part_count; i++)
		free(reply->parts[i]);
	free(reply->parts);
	*reply = (struct reply){ .parts = NULL };
}

void *reply_take(struct reply *reply, size_t n)
{
	void **part = SIM_ADD(reply->parts, reply->part_count);

	*part = sim_alloc(n);
	return *part;
}

struct span reply_bytes(struct reply *reply, struct span bytes)
{
	return bytes.n > 0 ? span_copy(reply_take(reply, bytes.n), bytes)
			   : SPAN_EMPTY;
}

const char *reply_text(struct reply *reply, const char *text)
{
	return text == NULL ? NULL
			    : memcpy(reply_take(reply, strlen(text) + 1), text,
				     strlen(text) + 1);
}

void reply_refuse(struct reply *reply, enum err result, const char *slug)
{
	reply->answer.result = result;
	(void)snprintf(reply->answer.slug, sizeof(reply->answer.slug), "%s",
		       slug);
}

/* A copy of an array, whose elements still borrow from the old one. */
static void *copy_array(struct reply *to, const void *from, size_t size)
{
	void *copy = reply_take(to, size);

	if (size > 0)
		memcpy(copy, from, size);
	return copy;
}

static const struct span *copy_spans(struct reply *to, const struct span *from,
				     size_t count)
{
	struct span *copy = copy_array(to, from, count * sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = reply_bytes(to, copy[i]);
	return copy;
}

/* Of accounts. */
static void copy_logs(struct reply *to, const struct answer *from)
{
	struct answer_log *logs =
	    copy_array(to, from->logs, from->log_count * sizeof(*logs));

	for (size_t i = 0; i < from->log_count; i++) {
		logs[i].username = reply_text(to, logs[i].username);
		logs[i].salt = reply_bytes(to, logs[i].salt);
		logs[i].links =
		    copy_spans(to, logs[i].links, logs[i].link_count);
	}
	to->answer.logs = logs;
	to->answer.links = copy_spans(to, from->links, from->link_count);
	to->answer.salt = reply_bytes(to, from->salt);
}

static void copy_lists(struct reply *to, const struct answer *from)
{
	struct answer_welcome *welcomes = copy_array(
	    to, from->welcomes, from->welcome_count * sizeof(*welcomes));
	struct answer_key_package *packages =
	    copy_array(to, from->key_packages,
		       from->key_package_count * sizeof(*packages));
	struct answer_stock *stock =
	    copy_array(to, from->stock, from->stock_count * sizeof(*stock));

	for (size_t i = 0; i < from->welcome_count; i++) {
		welcomes[i].welcome_id = reply_text(to, welcomes[i].welcome_id);
		welcomes[i].session = reply_text(to, welcomes[i].session);
		welcomes[i].welcome = reply_bytes(to, welcomes[i].welcome);
	}
	for (size_t i = 0; i < from->key_package_count; i++) {
		packages[i].device_id = reply_text(to, packages[i].device_id);
		packages[i].key_package =
		    reply_bytes(to, packages[i].key_package);
	}
	for (size_t i = 0; i < from->stock_count; i++)
		stock[i].algorithm = reply_text(to, stock[i].algorithm);
	to->answer.welcomes = welcomes;
	to->answer.key_packages = packages;
	to->answer.stock = stock;
}

void reply_copy(struct reply *to, const struct answer *from)
{
	struct answer_entry *entries;

	to->answer = *from;
	entries =
	    copy_array(to, from->entries, from->entry_count * sizeof(*entries));
	for (size_t i = 0; i < from->entry_count; i++)
		entries[i].bytes = reply_bytes(to, entries[i].bytes);
	to->answer.entries = entries;
	to->answer.text = reply_text(to, from->text);
	to->answer.group_info = reply_bytes(to, from->group_info);
	to->answer.tree = reply_bytes(to, from->tree);
	copy_lists(to, from);
	copy_logs(to, from);
}
