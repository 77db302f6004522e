/* A topic that the person is in: of what people say its messages alone are shown, and what
 * is typed is said in it. */
#include "command/chat.h"

#include "command/args_verbs.h"
#include "command/out.h"

#include <stdio.h>
#include <string.h>

void chat_topic_leave(struct chat *chat)
{
	chat->topic[0] = '\0';
	chat->outside = false;
}

void chat_topic_put(const struct chat *chat, struct buf *out)
{
	if (chat->topic[0] == '\0')
		return;
	buf_put_str(out, " \"");
	chat_put_cut(out, span_str(chat->topic), true);
	buf_put_u8(out, '"');
}

static bool is_topic(const json_t *entry, const char *topic)
{
	return strcmp(out_member(entry, "topic"), topic) == 0;
}

/* A reaction and a deletion have no topic: that of what they are about counts. */
bool chat_topic_has(struct chat *chat, const json_t *entry)
{
	json_int_t of = json_integer_value(json_object_get(entry, "of"));
	json_t *about = NULL;
	bool has = chat->topic[0] == '\0' || is_topic(entry, chat->topic);

	if (has || of <= 0)
		return has;
	if (cmd_entry(chat->cmd, chat->current, (uint64_t)of, &about) ==
	    HERMETIC_OK)
		has = is_topic(about, chat->topic);
	json_decref(about);
	return has;
}

/* ---- /topic ---- */

static enum err begin(struct chat *chat, const char *topic)
{
	struct args args = { .verb = VERB_READ,
			     .operands = { chat->current },
			     .topic = topic,
			     .last = CHAT_FOUND_MAX };
	enum err e;

	if (strlen(topic) > HERMETIC_TOPIC_MAX)
		return cmd_no(chat->cmd, HERMETIC_USAGE, "usage",
			      "A topic has at most %d bytes.",
			      HERMETIC_TOPIC_MAX);
	TRY(chat_run_args(chat, &args));
	(void)snprintf(chat->topic, sizeof(chat->topic), "%s", topic);
	chat->outside = false;
	chat_update_prompt(chat);
out:
	return e;
}

/* The names of the topics that there are, as members of a new object. */
static enum err find_topics(struct chat *chat, json_t **found)
{
	const struct hermetic_search all = { .size = sizeof(all),
					     .session = chat->current };
	const struct hermetic_event *const *entries;
	json_t *topics = json_object();
	size_t count, i;
	enum err e;

	ENSURE(topics != NULL, ERR_LOCAL_MEMORY);
	TRY(cmd_did(chat->cmd,
		    hermetic_search(chat->cmd->h, &all, &entries, &count)));
	for (i = 0; i < count; i++)
		if (entries[i]->topic[0] != '\0')
			ENSURE(json_object_set_new(topics, entries[i]->topic,
						   json_true()) == 0,
			       ERR_LOCAL_MEMORY);
	*found = json_incref(topics);
out:
	json_decref(topics);
	return e;
}

static enum err list(struct chat *chat)
{
	json_t *topics = NULL;
	struct buf line = BUF_INIT;
	const json_t *value;
	const char *topic;
	enum err e;

	TRY(find_topics(chat, &topics));
	json_object_foreach(topics, topic, value)
	{
		buf_put_str(&line, line.n > 0 ? ", \"" : "* Topics: \"");
		out_put_inside(&line, span_str(topic));
		buf_put_u8(&line, '"');
	}
	TRY(buf_end(&line));
	if (line.n > 0)
		out_line("%.*s", (int)line.n, (const char *)line.p);
	else
		out_line("* There is no topic: /topic TOPIC TEXT begins one.");
out:
	json_decref(topics);
	buf_clear(&line);
	return e;
}

/* The words are a topic that there is, or the first one is, and the others are said in
 * it. */
static enum err begin_or_say(struct chat *chat, char **words, size_t count)
{
	struct buf rest = BUF_INIT;
	json_t *topics = NULL;
	enum err e;

	TRY(chat_rest(chat, 1, &rest));
	if (count > 2)
		TRY(find_topics(chat, &topics));
	if (count == 2 || json_object_get(topics, (const char *)rest.p) != NULL)
		e = begin(chat, (const char *)rest.p);
	else
		e = chat_say(chat, span_str(chat_behind_words(chat, 2)),
			     (struct hermetic_saying){ .topic = words[1] });
out:
	json_decref(topics);
	buf_clear(&rest);
	return e;
}

enum err chat_topic_command(struct chat *chat, char **words, size_t count)
{
	enum err e;

	TRY(chat_need_current(chat));
	if (count > 1)
		e = begin_or_say(chat, words, count);
	else if (chat->topic[0] != '\0')
		e = chat_enter(chat, chat->current);
	else
		e = list(chat);
out:
	return e;
}
