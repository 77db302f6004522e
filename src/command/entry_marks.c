#include "command/entry_marks.h"

#include "command/out.h"

#include <time.h>

enum { RECEIPTS_NAMED = 3 /* more people are a number */ };

static long long number_of(const json_t *entry, const char *name)
{
	return json_integer_value(json_object_get(entry, name));
}

void entry_marks_put_which(struct buf *out, const json_t *entry,
			   const char *member)
{
	if (number_of(entry, member) > 0)
		buf_putf(out, "#%lld", number_of(entry, member));
	else
		buf_put_str(out, "a message that is not here");
}

bool entry_marks_is_over(const json_t *entry)
{
	return json_is_true(json_object_get(entry, "expired"));
}

/* A topic that is no text by its first digits. */
static void put_topic(struct buf *out, const json_t *entry)
{
	const char *hex = out_member(entry, "topic_id");

	if (json_object_get(entry, "topic") != NULL)
		buf_putf(out, " (topic %s)", out_quoted(entry, "topic"));
	else if (hex[0] != '\0')
		buf_putf(out, " (topic ~%.16s)", hex);
}

static void put_reply(struct buf *out, const json_t *entry)
{
	if (json_object_get(entry, "reply_to") == NULL)
		return;
	buf_put_str(out, " (to ");
	entry_marks_put_which(out, entry, "reply_to");
	buf_put_u8(out, ')');
}

static void put_file(struct buf *out, const json_t *entry, bool chat)
{
	const json_t *file = json_object_get(entry, "file");

	if (file == NULL)
		return;
	buf_putf(out, " (file %s, ", out_quoted(file, "name"));
	out_put_size(out, (uint64_t)number_of(file, "size"));
	buf_putf(out, chat ? ": /save %lld)" : ": hermetic save SESSION %lld)",
		 number_of(entry, "seq"));
}

/* A text that goes at a time. */
static void put_end(struct buf *out, const json_t *entry)
{
	time_t seconds = (time_t)(number_of(entry, "expires_at") / 1000);
	struct tm local;
	char text[32] = "";

	if (seconds > 0 && localtime_r(&seconds, &local) != NULL &&
	    strftime(text, sizeof(text), "%F %H:%M", &local) > 0)
		buf_putf(out, " (until %s)", text);
}

static void put_names(struct buf *out, const json_t *users)
{
	const json_t *user;
	size_t i;

	json_array_foreach(users, i, user)
	{
		buf_put_str(out, i > 0 ? ", " : "");
		out_put_name(out, span_of(json_string_value(user),
					  json_string_length(user)));
	}
}

static void put_reactions(struct buf *out, const json_t *entry)
{
	json_t *reactions = json_object_get(entry, "reactions"), *users;
	const char *text;

	json_object_foreach(reactions, text, users)
	{
		buf_put_str(out, " (\"");
		out_put_inside(out, span_str(text));
		buf_put_str(out, "\" ");
		put_names(out, users);
		buf_put_u8(out, ')');
	}
}

/* Who has read it; or who has it, where nobody has read it. */
static void put_receipts(struct buf *out, const json_t *entry)
{
	const json_t *list = json_object_get(entry, "read_by");
	bool read = json_array_size(list) > 0;
	size_t count;

	if (!read)
		list = json_object_get(entry, "delivered_to");
	count = json_array_size(list);
	if (count == 0)
		return;
	buf_put_str(out, read ? " (read by " : " (arrived at ");
	if (count > RECEIPTS_NAMED)
		buf_putf(out, "%zu", count);
	else
		put_names(out, list);
	buf_put_u8(out, ')');
}

void entry_marks_put(struct buf *out, const json_t *entry, bool chat)
{
	put_topic(out, entry);
	put_reply(out, entry);
	put_file(out, entry, chat);
	if (number_of(entry, "edited") > 0)
		buf_putf(out, " (edited by #%lld)", number_of(entry, "edited"));
	put_end(out, entry);
	put_reactions(out, entry);
	put_receipts(out, entry);
}
