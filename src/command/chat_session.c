/* The session that is talked in: how it is opened, and who of it was seen. */
#include "command/chat.h"

#include "command/out.h"

#include <stdio.h>
#include <string.h>

/* Messages that are shown when a session is opened: so many, and what is not read, up to
 * the other number. */
#define HISTORY 10
#define HISTORY_MAX 100

/* ---- who was seen ---- */

static uint64_t number(const json_t *object, const char *member)
{
	return (uint64_t)json_integer_value(json_object_get(object, member));
}

/* What was printed of a session since it was looked at last. */
void chat_note_printed(struct chat *chat, const char *id, const json_t *entry)
{
	json_t *printed = json_object_get(chat->printed, id);

	if (entry != NULL && strcmp(id, chat->current) == 0)
		chat->shown.to = number(entry, "seq");
	if (printed == NULL) {
		printed = json_object();
		if (json_object_set_new(chat->printed, id, printed) != 0)
			return;
	}
	if (entry != NULL)
		shown_note_printed(entry, printed);
}

/* Lines were printed: whoever came in by them was seen. Others are printed. In a topic the
 * session is not read: what else is said there is not shown. */
static enum err note_shown(struct chat *chat, const char *id,
			   const json_t *printed)
{
	bool read = strcmp(id, chat->current) == 0 && chat->topic[0] == '\0';

	return shown_update(chat->cmd, id, printed, chat->cmd->args->json,
			    read ? chat->shown : (struct shown_part){ 0 });
}

enum err chat_note_shown(struct chat *chat)
{
	const json_t *printed;
	const char *id;
	enum err e = ERR_OK;

	line_hide(chat->line);
	json_object_foreach(chat->printed, id, printed)
	    TRY(note_shown(chat, id, printed));
out:
	line_show(chat->line);
	(void)json_object_clear(chat->printed);
	return e;
}

/* ---- the session that is talked in ---- */

void chat_update_prompt(struct chat *chat)
{
	struct buf prompt = BUF_INIT;

	if (chat->asked.n > 0)
		return; /* a question stands there */
	if (chat->current[0] != '\0')
		chat_put_title(chat, &prompt);
	chat_topic_put(chat, &prompt);
	buf_put_str(&prompt, "> ");
	line_prompt(chat->line, buf_span(&prompt));
	buf_clear(&prompt);
}

/* ---- where it begins ---- */

void chat_mark_unread(struct chat *chat, const json_t *entry)
{
	if (!chat->unread_line || number(entry, "seq") <= chat->read ||
	    !chat_is_news(chat, entry))
		return;
	chat->unread_line = false;
	out_line("-- Not read yet --");
}

static enum err search(struct chat *chat, struct hermetic_search search,
		       const struct hermetic_event *const **entries,
		       size_t *count)
{
	search.size = sizeof(search);
	search.session = chat->current;
	return cmd_did(chat->cmd,
		       hermetic_search(chat->cmd->h, &search, entries, count));
}

/* The entry before the first one of the last `last` ones. */
static enum err find_begin(struct chat *chat, uint64_t after, uint64_t last,
			   uint64_t *begin)
{
	const struct hermetic_event *const *entries;
	uint64_t first;
	size_t count;
	enum err e;

	TRY(search(chat,
		   (struct hermetic_search){ .after = after, .last = last },
		   &entries, &count));
	if (count > 0)
		*begin = entries[0]->number - 1;
	else
		TRY(cmd_did(
		    chat->cmd,
		    hermetic_kept(chat->cmd->h, chat->current, &first, begin)));
out:
	return e;
}

/* What is not read and stands before what is shown. */
static enum err tell_more(struct chat *chat, uint64_t begin)
{
	const struct hermetic_event *const *entries;
	uint64_t unread, read;
	size_t count;
	enum err e;

	TRY(cmd_did(chat->cmd, hermetic_unread(chat->cmd->h, chat->current,
					       begin + 1, &read, &unread)));
	if (unread == 0)
		goto out;
	TRY(search(chat,
		   (struct hermetic_search){ .after = read,
					     .before = begin + 1,
					     .last = HERMETIC_UNREAD_MAX },
		   &entries, &count));
	out_line("* %llu%s more that you have not read are not shown: /history "
		 "%zu %llu",
		 (unsigned long long)unread,
		 unread == HERMETIC_UNREAD_MAX ? " or" : "", count,
		 (unsigned long long)begin + 1);
out:
	return e;
}

/* After which entry to show: what is not read, and a little of what is. */
static enum err begin_of(struct chat *chat, uint64_t *after)
{
	uint64_t begin, unread;
	enum err e;

	TRY(cmd_did(chat->cmd, hermetic_unread(chat->cmd->h, chat->current, 0,
					       &chat->read, &unread)));
	TRY(find_begin(chat, 0, HISTORY, after));
	chat->unread_line = !chat->cmd->args->json && unread > 0;
	if (!chat->unread_line || chat->read >= *after)
		goto out;
	TRY(find_begin(chat, chat->read, HISTORY_MAX, &begin));
	TRY(tell_more(chat, begin));
	if (begin < *after)
		*after = begin;
out:
	return e;
}

/* The session is the one that is talked in. */
static enum err talk_in(struct chat *chat, const char *id)
{
	uint64_t after;
	enum err e;

	(void)snprintf(chat->current, sizeof(chat->current), "%s", id);
	chat->lines.day = 0;
	chat_topic_leave(chat);
	(void)json_object_del(chat->noticed, chat->current);
	chat_update_prompt(chat);
	chat_update_status(chat);
	TRY(begin_of(chat, &after));
	chat->shown = (struct shown_part){ .from = after + 1, .to = after };
	/* a script is told each once */
	if (!chat->cmd->args->json || !chat->begun)
		TRY(cmd_did(chat->cmd, hermetic_follow(chat->cmd->h,
						       chat->current, after)));
	chat_note_printed(chat, chat->current, NULL);
out:
	return e;
}

/* What is kept of a session is shown while the server is away. */
static enum err refresh(struct chat *chat, const char *id)
{
	enum hermetic_result result = hermetic_refresh(chat->cmd->h, id);
	enum err e = cmd_did(chat->cmd, result);

	if (result != HERMETIC_UNREACHABLE)
		return e;
	if (!chat->disconnected)
		chat_complain(chat, e);
	return ERR_OK;
}

enum err chat_enter(struct chat *chat, const char *given)
{
	char id[TEXT_UUID_SIZE];
	json_t *d = NULL;
	enum err e;

	(void)snprintf(id, sizeof(id), "%s", given);
	TRY(refresh(chat, id));
	TRY(cmd_describe(chat->cmd, id, &d));
	if (chat->cmd->args->json) {
		out_json(d);
		TRY(shown_members(chat->cmd, id, d));
	} else {
		out_line("* %s (%.8s), members: %zu", chat_label(chat, id), id,
			 json_array_size(json_object_get(d, "members")));
		cmd_print_room(d);
	}
	TRY(talk_in(chat, id));
out:
	json_decref(d);
	return e;
}

enum err chat_run_args(struct chat *chat, struct args *args)
{
	const struct args *kept = chat->cmd->args;
	enum err e;

	args->json = kept->json;
	chat->cmd->args = args;
	chat->cmd->entered[0] = '\0';
	e = cmd_run(chat->cmd);
	chat->cmd->args = kept;
	chat->cmd->kept = false;
	if (e == ERR_OK && chat->cmd->entered[0] != '\0')
		e = talk_in(chat, chat->cmd->entered);
	return e;
}
