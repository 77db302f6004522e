/* Who types, in the chat: a row above the prompt, and what the others are told. */
#include "command/chat.h"

#include "command/out.h"

#include <string.h>

#define NAMES_MAX 3

void chat_on_typing(struct chat *chat, const struct hermetic_event *event)
{
	(void)json_object_set_new(chat->typing, event->session,
				  json_loads(event->json, 0, NULL));
	if (strcmp(event->session, chat->current) == 0)
		chat_update_status(chat);
}

/* "bob is typing", "bob and carol are typing", "5 people are typing". */
static void put_status(struct buf *out, const json_t *names)
{
	size_t i, count = json_array_size(names);
	const json_t *name;

	if (count > NAMES_MAX) {
		buf_putf(out, "%zu people are typing", count);
		return;
	}
	json_array_foreach(names, i, name)
	{
		buf_put_str(out, i == 0 ? "" : i + 1 == count ? " and " : ", ");
		out_put_name(out, span_str(json_string_value(name)));
	}
	if (count > 0)
		buf_put_str(out, count == 1 ? " is typing" : " are typing");
}

void chat_update_status(struct chat *chat)
{
	struct buf status = BUF_INIT;

	put_status(&status, json_object_get(chat->typing, chat->current));
	if (buf_end(&status) == ERR_OK)
		line_status(chat->line, buf_span(&status));
	buf_clear(&status);
}

/* What begins with a slash is most often a command, and that is nobody's matter. So is the
 * answer to a question of the chat. */
void chat_tell_typing(struct chat *chat)
{
	struct buf text = BUF_INIT;

	if (!line_is_edited(chat->line) || chat->current[0] == '\0')
		return;
	line_text(chat->line, &text);
	if (buf_end(&text) == ERR_OK)
		(void)hermetic_type(chat->cmd->h, chat->current,
				    text.n > 0 && text.p[0] != '/' &&
					chat->asked.n == 0);
	buf_clear(&text);
}
