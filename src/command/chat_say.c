/* What is said in the chat, what waits to be sent, and what is refused. */
#include "command/chat.h"

#include "command/hint.h"
#include "command/out.h"

#include <stdio.h>
#include <string.h>

/* A reason as it reads in the chat. */
static void put_reason(struct buf *out, const char *text)
{
	struct buf hinted = BUF_INIT;

	hint_put(&hinted, span_str(text));
	out_put_safe(out, buf_span(&hinted));
	buf_clear(&hinted);
}

/* A refusal is told, and the chat goes on. */
void chat_complain(struct chat *chat, enum err e)
{
	struct reason *why = &chat->cmd->why;
	struct buf text = BUF_INIT;
	json_t *line;

	if (e == ERR_OK)
		return;
	reason_end(why, e);
	if (chat->cmd->args->json) {
		line = json_pack("{s:s, s:s}", "error", why->slug, "detail",
				 why->text);
		out_json(line);
		json_decref(line);
	} else {
		put_reason(&text, why->text);
		out_line("! %.*s", (int)text.n,
			 text.n > 0 ? (const char *)text.p : "");
	}
	buf_clear(&text);
	reason_clear(why);
}

/* ---- what waits ---- */

/* Of an item of the outbox, in a static buffer. */
static const char *item_key(const char *session, uint64_t item)
{
	static char key[TEXT_UUID_SIZE + 24];

	(void)snprintf(key, sizeof(key), "%s/%llu", session,
		       (unsigned long long)item);
	return key;
}

bool chat_has_waited(struct chat *chat, const char *session, uint64_t item)
{
	return json_object_del(chat->waiting, item_key(session, item)) == 0;
}

/* A line that waits for the person is sent when the person says /flush. */
static void print_kept(struct chat *chat, const char *id, uint64_t item,
		       const struct reason *why)
{
	struct buf text = BUF_INIT;

	if (chat->cmd->args->json) {
		cmd_print_kept(chat->cmd, id, item, why);
		chat->cmd->kept = false;
		return;
	}
	(void)json_object_set_new(chat->waiting, item_key(id, item),
				  json_true());
	put_reason(&text, why->text);
	out_line("* Waiting (item %llu): %.*s", (unsigned long long)item,
		 (int)text.n, text.n > 0 ? (const char *)text.p : "");
	buf_clear(&text);
}

void chat_on_waits(struct chat *chat, const struct hermetic_event *event)
{
	struct reason why;

	reason_of_event(&why, event);
	print_kept(chat, event->session, event->item, &why);
}

/* ---- saying ---- */

static enum err send_text(struct chat *chat, const char *text,
			  const struct hermetic_saying *saying)
{
	struct hermetic *h = chat->cmd->h;
	struct hermetic_sent sent = { 0 };
	struct reason kept;
	enum hermetic_result result =
	    hermetic_send(h, chat->current, text, saying, &sent);

	if (result != HERMETIC_KEPT)
		return cmd_did(chat->cmd, result);
	reason_of(&kept, h, result);
	print_kept(chat, chat->current, sent.item, &kept);
	return ERR_OK;
}

enum err chat_say(struct chat *chat, struct span text,
		  struct hermetic_saying saying)
{
	struct buf said = BUF_INIT;
	enum err e;

	TRY(chat_need_current(chat));
	saying.size = sizeof(saying);
	if (saying.act == HERMETIC_SAY && saying.about == 0 &&
	    saying.topic == NULL && chat->topic[0] != '\0')
		saying.topic = chat->topic;
	buf_put(&said, text);
	TRY(cmd_end_text(chat->cmd, &said));
	TRY(send_text(chat, (const char *)said.p, &saying));
out:
	buf_clear(&said);
	return e;
}

/* ---- /flush ---- */

static enum err flush_session(struct chat *chat, const char *id)
{
	struct hermetic *h = chat->cmd->h;
	enum hermetic_result result = hermetic_flush(h, id);
	struct reason kept;
	json_t *given;

	if (result != HERMETIC_KEPT)
		return cmd_did(chat->cmd, result);
	reason_of(&kept, h, result);
	given = cmd_given(chat->cmd);
	print_kept(chat, id,
		   (uint64_t)json_integer_value(json_object_get(given, "item")),
		   &kept);
	json_decref(given);
	return ERR_OK;
}

/* A session that is refused keeps none of the others. */
enum err chat_flush(struct chat *chat)
{
	json_t *ids = json_object();
	const json_t *value;
	const char *id;
	enum err e;

	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	TRY(cmd_waiting_sessions(chat->cmd, NULL, ids));
	if (json_object_size(ids) == 0 && !chat->cmd->args->json)
		out_line("Nothing waits.");
	json_object_foreach(ids, id, value)
	    chat_complain(chat, flush_session(chat, id));
out:
	json_decref(ids);
	return e;
}
