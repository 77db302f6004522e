#include "reach/reply.h"

#include "base/text.h"
#include "base/uuid.h"
#include "device/record.h"
#include "wire/letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one answer at most: a log's page has 500. */
#define ROWS_MAX 100000

bool reply_lacks_bytes(const struct reply *reply)
{
	const struct answer *answer = &reply->answer;

	for (size_t i = 0; i < answer->entry_count; i++)
		if (answer->entries[i].expired)
			return true;
	return false;
}

void reply_clear(struct reply *reply)
{
	for (size_t i = 0; i < reply->byte_count; i++)
		buf_clear(&reply->bytes[i]);
	free(reply->bytes);
	free(reply->list);
	memset(reply, 0, sizeof(*reply));
}

/* ---- members ---- */

static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

/* Makes room for the rows of a list, and for one buffer for each of them. */
static enum err make_rows(struct reply *reply, size_t count, size_t size)
{
	enum err e = ERR_OK;

	ENSURE(count <= ROWS_MAX, ERR_PEER_TOO_LARGE);
	reply->list = calloc(count + 1, size);
	reply->bytes = calloc(count + 1, sizeof(*reply->bytes));
	ENSURE(reply->list != NULL && reply->bytes != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

/* Decodes a member into a buffer of the reply: make_rows() made room. */
static enum err take_bytes(struct reply *reply, const json_t *object,
			   const char *name, struct span *out)
{
	struct buf *bytes = &reply->bytes[reply->byte_count++];
	enum err e;

	TRY(record_bytes(object, name, bytes));
	TRY(buf_end(bytes));
	*out = buf_span(bytes);
out:
	return e;
}

/* Decodes each text of a list: make_rows() made room. */
static enum err take_spans(struct reply *reply, const json_t *list,
			   struct span *links)
{
	const json_t *text;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(list, i, text)
	{
		struct buf *bytes = &reply->bytes[reply->byte_count++];

		ENSURE(json_is_string(text), ERR_PEER_MALFORMED);
		TRY(text_base64(bytes, span_of(json_string_value(text),
					       json_string_length(text))));
		TRY(buf_end(bytes));
		links[i] = buf_span(bytes);
	}
out:
	return e;
}

static enum err take_uuid(const json_t *object, const char *name,
			  const char **out)
{
	const char *text = json_string_value(member(object, name));

	if (text == NULL || !uuid_is_text(span_str(text)))
		return ERR_PEER_MALFORMED;
	*out = text;
	return ERR_OK;
}

/* ---- entries of the log ---- */

static enum err read_entry(struct reply *reply, const json_t *row, bool bare,
			   struct answer_entry *entry)
{
	uint64_t kind;
	enum err e;

	TRY(record_number(row, "seq", &entry->seq));
	TRY(record_number(row, "kind", &kind));
	ENSURE(kind <= UINT8_MAX, ERR_PEER_UNSUPPORTED);
	entry->kind = (uint8_t)kind;
	TRY(record_digest(row, "head", entry->head));
	if (member(row, "hash") != NULL)
		TRY(record_digest(row, "hash", entry->hash));
	if (member(row, "envelope") != NULL) {
		TRY(take_bytes(reply, row, "envelope", &entry->bytes));
		goto out;
	}
	/* without bytes there is nothing to go by but their hash */
	ENSURE(member(row, "hash") != NULL, ERR_PEER_MALFORMED);
	entry->expired = !bare || json_is_true(member(row, "expired"));
	entry->bare = !entry->expired;
out:
	return e;
}

static enum err read_entries(struct reply *reply, const json_t *messages,
			     bool bare)
{
	size_t count = json_array_size(messages), i;
	struct answer_entry *entries;
	const json_t *row;
	enum err e;

	ENSURE(json_is_array(messages), ERR_PEER_MALFORMED);
	TRY(make_rows(reply, count, sizeof(*entries)));
	entries = reply->list;
	json_array_foreach(messages, i, row)
	    TRY(read_entry(reply, row, bare, &entries[i]));
	reply->answer.entries = entries;
	reply->answer.entry_count = count;
out:
	return e;
}

enum err reply_entries(const json_t *messages, struct reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->body = messages;
	return read_entries(reply, messages, false);
}

static enum err read_log(const struct request *request, struct reply *reply)
{
	const json_t *messages = member(reply->body, "messages");
	enum err e;

	TRY(read_entries(reply, messages, request->kind == REQUEST_HANDSHAKES));
	reply->answer.more = member(reply->body, "next") != NULL ||
			     reply->answer.entry_count >= request->limit;
out:
	return e;
}

/* ---- the others ---- */

/* Of a group that has their root. */
static enum err take_places(struct reply *reply)
{
	enum err e = ERR_OK;

	if (member(reply->body, "places") != NULL)
		TRY(take_bytes(reply, reply->body, "places",
			       &reply->answer.places));
out:
	return e;
}

static enum err read_group_info(const struct request *request,
				struct reply *reply)
{
	struct answer *a = &reply->answer;
	enum err e;

	(void)request;
	TRY(make_rows(reply, 3, 1));
	TRY(take_places(reply));
	TRY(take_bytes(reply, reply->body, "group_info", &a->group_info));
	if (member(reply->body, "ratchet_tree") != NULL)
		TRY(take_bytes(reply, reply->body, "ratchet_tree", &a->tree));
	TRY(record_number(reply->body, "seq", &a->seq));
	TRY(record_digest(reply->body, "head", a->head));
out:
	return e;
}

static enum err read_tree(const struct request *request, struct reply *reply)
{
	enum err e;

	(void)request;
	TRY(make_rows(reply, 2, 1));
	TRY(take_places(reply));
	TRY(take_bytes(reply, reply->body, "ratchet_tree",
		       &reply->answer.tree));
out:
	return e;
}

/* Servers of before answer a departure with an empty body. */
static enum err read_place(const struct request *request, struct reply *reply)
{
	struct answer *a = &reply->answer;

	(void)request;
	a->rotation_due = json_is_true(member(reply->body, "rotation_due"));
	if (member(reply->body, "seq") == NULL)
		return ERR_OK;
	return record_number(reply->body, "seq", &a->seq);
}

/* A server of before gives one. */
static enum err read_letters(const struct request *request, struct reply *reply)
{
	const json_t *list = member(reply->body, "letters");
	size_t count = list != NULL ? json_array_size(list) : 1;
	struct span *letters;
	enum err e;

	(void)request;
	ENSURE(list == NULL || json_is_array(list), ERR_PEER_MALFORMED);
	ENSURE(count <= LETTERS_MAX, ERR_PEER_TOO_LARGE);
	TRY(make_rows(reply, count, sizeof(*letters)));
	letters = reply->list;
	if (list != NULL)
		TRY(take_spans(reply, list, letters));
	else
		TRY(take_bytes(reply, reply->body, "letter", letters));
	reply->answer.letters = letters;
	reply->answer.letter_count = count;
out:
	return e;
}

static enum err read_welcomes(const struct request *request,
			      struct reply *reply)
{
	const json_t *list = member(reply->body, "welcomes"), *row;
	size_t count = json_array_size(list), i;
	struct answer_welcome *rows;
	enum err e;

	(void)request;
	ENSURE(json_is_array(list), ERR_PEER_MALFORMED);
	TRY(make_rows(reply, count, sizeof(*rows)));
	rows = reply->list;
	json_array_foreach(list, i, row)
	{
		TRY(take_uuid(row, "welcome_id", &rows[i].welcome_id));
		TRY(take_uuid(row, "session_id", &rows[i].session));
		TRY(record_number(row, "seq", &rows[i].seq));
		TRY(record_digest(row, "head", rows[i].head));
		TRY(take_bytes(reply, row, "welcome", &rows[i].welcome));
	}
	reply->answer.welcomes = rows;
	reply->answer.welcome_count = count;
out:
	return e;
}

/* The devices' lists, one after the other. */
static enum err read_claimed(const struct request *request, struct reply *reply)
{
	const json_t *devices = member(reply->body, "devices"), *device, *row;
	size_t total = 0, n = 0, i, k;
	struct answer_key_package *rows;
	enum err e;

	(void)request;
	ENSURE(json_is_array(devices), ERR_PEER_MALFORMED);
	json_array_foreach(devices, i, device) total +=
	    json_array_size(member(device, "key_packages"));
	TRY(make_rows(reply, total, sizeof(*rows)));
	rows = reply->list;
	json_array_foreach(devices, i, device)
	    json_array_foreach(member(device, "key_packages"), k, row)
	{
		TRY(take_uuid(device, "device_id", &rows[n].device_id));
		TRY(take_bytes(reply, row, "key_package",
			       &rows[n].key_package));
		n++;
	}
	reply->answer.key_packages = rows;
	reply->answer.key_package_count = n;
out:
	return e;
}

static struct answer_stock *find_stock(struct answer_stock *rows, size_t *count,
				       const char *algorithm)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(rows[i].algorithm, algorithm) == 0)
			return &rows[i];
	rows[*count].algorithm = algorithm;
	return &rows[(*count)++];
}

/* json_object_foreach() wants an object that may be changed. */
static json_t *object_of(const json_t *value)
{
	return (json_t *)(uintptr_t)value;
}

static enum err read_stock(const struct request *request, struct reply *reply)
{
	json_t *available = object_of(member(reply->body, "available"));
	json_t *resorts = object_of(member(reply->body, "last_resort"));
	struct answer_stock *rows;
	const char *algorithm;
	const json_t *value;
	size_t count = 0;
	enum err e;

	(void)request;
	TRY(make_rows(reply,
		      json_object_size(available) + json_object_size(resorts),
		      sizeof(*rows)));
	rows = reply->list;
	json_object_foreach(available, algorithm, value)
	    TRY(record_number(available, algorithm,
			      &find_stock(rows, &count, algorithm)->available));
	json_object_foreach(resorts, algorithm, value)
	    find_stock(rows, &count, algorithm)
		->last_resort = json_is_true(value);
	reply->answer.stock = rows;
	reply->answer.stock_count = count;
out:
	return e;
}

static enum err read_account_log(const struct request *request,
				 struct reply *reply)
{
	const json_t *list = member(reply->body, "links");
	size_t count = json_array_size(list);
	struct span *links;
	enum err e;

	(void)request;
	ENSURE(json_is_array(list), ERR_PEER_MALFORMED);
	TRY(make_rows(reply, count, sizeof(*links)));
	links = reply->list;
	TRY(take_spans(reply, list, links));
	TRY(record_number(reply->body, "last", &reply->answer.last));
	if (member(reply->body, "fingerprint") != NULL) {
		TRY(record_digest(reply->body, "fingerprint",
				  reply->answer.fingerprint));
		TRY(take_bytes(reply, reply->body, "salt",
			       &reply->answer.salt));
		reply->answer.has_fingerprint = true;
	}
	reply->answer.links = links;
	reply->answer.link_count = count;
	reply->answer.more = member(reply->body, "next") != NULL;
out:
	return e;
}

static size_t count_links(const json_t *logs)
{
	const json_t *log;
	size_t i, count = 0;

	json_array_foreach(logs, i, log) count +=
	    json_array_size(member(log, "links"));
	return count;
}

static enum err read_one_log(struct reply *reply, const json_t *log,
			     struct answer_log *row, struct span *links)
{
	const json_t *list = member(log, "links");
	enum err e;

	ENSURE(json_is_array(list), ERR_PEER_MALFORMED);
	row->username = json_string_value(member(log, "username"));
	ENSURE(row->username != NULL, ERR_PEER_MALFORMED);
	if (member(log, "fingerprint") != NULL) {
		TRY(record_digest(log, "fingerprint", row->fingerprint));
		TRY(take_bytes(reply, log, "salt", &row->salt));
		row->has_fingerprint = true;
	}
	TRY(take_spans(reply, list, links));
	row->links = links;
	row->link_count = json_array_size(list);
	row->more = member(log, "next") != NULL;
out:
	return e;
}

/* Rows of logs, and behind them all their links. */
static enum err read_account_logs(const struct request *request,
				  struct reply *reply)
{
	const json_t *logs = member(reply->body, "logs"), *log;
	size_t count = json_array_size(logs), links = count_links(logs), i;
	struct answer_log *rows;
	struct span *next;
	enum err e;

	(void)request;
	ENSURE(json_is_array(logs), ERR_PEER_MALFORMED);
	/* of each row: its salt, and a span for each link */
	TRY(make_rows(reply, count + links, sizeof(*rows)));
	rows = reply->list;
	next = (struct span *)(rows + count);
	json_array_foreach(logs, i, log)
	{
		TRY(read_one_log(reply, log, &rows[i], next));
		next += rows[i].link_count;
	}
	reply->answer.logs = rows;
	reply->answer.log_count = count;
out:
	return e;
}

/* What matters of them is that they succeeded. */
static enum err read_nothing(const struct request *request, struct reply *reply)
{
	(void)request;
	(void)reply;
	return ERR_OK;
}

enum err reply_read(const struct request *request, const json_t *body,
		    struct reply *reply)
{
	static enum err (*const readers[REQUEST_KINDS])(const struct request *,
							struct reply *) = {
		[REQUEST_CREATE] = read_nothing,
		[REQUEST_LOG] = read_log,
		[REQUEST_HANDSHAKES] = read_log,
		[REQUEST_GROUP_INFO] = read_group_info,
		[REQUEST_FIRST_INFO] = read_group_info,
		[REQUEST_TREE] = read_tree,
		[REQUEST_SEND] = read_place,
		[REQUEST_COMMIT] = read_place,
		[REQUEST_MOVE] = read_place,
		[REQUEST_JOIN] = read_place,
		[REQUEST_TAKE_WELCOME] = read_nothing,
		[REQUEST_LEAVE] = read_place,
		[REQUEST_INVITE] = read_nothing,
		[REQUEST_LETTER] = read_letters,
		[REQUEST_WELCOMES] = read_welcomes,
		[REQUEST_CLAIM] = read_claimed,
		[REQUEST_STOCK] = read_stock,
		[REQUEST_PUBLISH] = read_nothing,
		[REQUEST_ACCOUNT_LOG] = read_account_log,
		[REQUEST_LINK] = read_nothing,
		[REQUEST_BRANCH] = read_nothing,
		[REQUEST_ACCOUNT_LOGS] = read_account_logs,
		[REQUEST_DROP_FILE] = read_nothing,
	};

	memset(reply, 0, sizeof(*reply));
	reply->body = body;
	if ((unsigned)request->kind >= REQUEST_KINDS)
		return ERR_LOCAL_BUG;
	return readers[request->kind](request, reply);
}

/* A problem has the server's slug; what failed here has ours. */
void reply_fill(const struct request *request, const struct reply_came *came,
		struct why *why, struct reply *reply)
{
	struct answer *answer = &reply->answer;
	enum err e = came->result;

	if (e == ERR_OK) {
		e = reply_read(request, came->body, reply);
		if (e != ERR_OK) {
			reply_clear(reply);
			e = why_set(
			    why, ERR_PEER_MALFORMED, "bad-answer",
			    "%s does not answer like a server of Hermetic.",
			    came->server);
		}
	}
	answer->result = e;
	answer->clock_ahead_ms = came->clock_ahead_ms;
	(void)snprintf(answer->slug, sizeof(answer->slug), "%.*s",
		       DEVICE_SLUG - 1,
		       came->slug[0] != '\0' ? came->slug : why->slug);
	answer->text = why->text[0] != '\0' ? why->text : NULL;
}
