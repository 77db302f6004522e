/* What is said in the chat, what waits to be sent, and what is refused. */
#include "command/chat.h"

#include "command/hint.h"
#include "command/out.h"
#include "reach/drive.h"
#include "reach/state.h"

#include <stdio.h>
#include <string.h>

/* A refusal is told, and the chat goes on. */
void chat_complain(struct chat *chat, enum err e)
{
	struct why *why = &chat->cmd->h->a.why;
	struct buf text = BUF_INIT, hinted = BUF_INIT;
	json_t *line;

	if (e == ERR_OK)
		return;
	state_explain(chat->cmd->h->a.home, e, why);
	if (why->text[0] == '\0')
		(void)why_set(why, e, "failed", "%s.", err_text(e));
	if (chat->cmd->args->json) {
		line = json_pack("{s:s, s:s}", "error", why->slug, "detail",
				 why->text);
		out_json(line);
		json_decref(line);
	} else {
		hint_put(&hinted, span_str(why->text));
		out_put_safe(&text, buf_span(&hinted));
		out_line("! %.*s", (int)text.n,
			 text.n > 0 ? (const char *)text.p : "");
	}
	buf_clear(&hinted);
	buf_clear(&text);
	why_clear(why);
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
static void print_kept(struct chat *chat, const char *id, uint64_t item)
{
	struct why *why = &chat->cmd->h->a.why;
	struct buf text = BUF_INIT, hinted = BUF_INIT;

	if (chat->cmd->args->json) {
		cmd_print_kept(chat->cmd, id, item, why->slug, why->text);
		chat->cmd->kept = false;
		why_clear(why);
		return;
	}
	(void)json_object_set_new(chat->waiting, item_key(id, item),
				  json_true());
	hint_put(&hinted, span_str(why->text));
	out_put_safe(&text, buf_span(&hinted));
	out_line("* Waiting (item %llu): %.*s", (unsigned long long)item,
		 (int)text.n, text.n > 0 ? (const char *)text.p : "");
	buf_clear(&hinted);
	buf_clear(&text);
	why_clear(why);
}

enum err chat_say(struct chat *chat, struct order order)
{
	const struct outcome *outcome;
	enum err e;

	TRY(chat_need_current(chat));
	order.kind = ORDER_SEND;
	order.session = chat->current;
	if (order.act == SAID_TEXT && order.about == 0 && order.topic == NULL &&
	    chat->topic[0] != '\0')
		order.topic = chat->topic;
	e = drive_order(&chat->cmd->h->a, &order, &outcome);
	if (outcome == NULL || !outcome->kept)
		goto out;
	if (drive_is_passing(&chat->cmd->h->a, outcome, e)) {
		(void)json_object_set_new(chat->unsent, chat->current,
					  json_true());
		chat->again_ms = CHAT_AGAIN_MS;
	}
	print_kept(chat, chat->current, outcome->item);
	e = ERR_OK;
out:
	return e;
}

void chat_say_again(struct chat *chat)
{
	const json_t *value;
	const char *id;
	void *next;

	json_object_foreach_safe(chat->unsent, next, id, value)
	{
		const struct order order = { .kind = ORDER_REFRESH,
					     .session = id,
					     .flush = true };
		const struct outcome *outcome;
		enum err e;

		if (chat->disconnected)
			continue;
		e = drive_order(&chat->cmd->h->a, &order, &outcome);
		if (drive_is_passing(&chat->cmd->h->a, outcome, e)) {
			why_clear(&chat->cmd->h->a.why);
			continue;
		}
		line_hide(chat->line);
		if (e == ERR_OK && outcome->kept) {
			chat->cmd->h->a.why = *outcome->why;
			print_kept(chat, id, outcome->item);
		}
		chat_complain(chat, e);
		line_show(chat->line);
		(void)json_object_del(chat->unsent, id);
	}
}
