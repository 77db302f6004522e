/* outbox */
#include "command/cmd.h"

#include "command/out.h"

#include <string.h>

/* A new reference; `id` NULL: of all sessions. */
static enum err get_items(struct cmd *cmd, const char *id, json_t **items)
{
	const char *text;
	enum err e;

	TRY(cmd_did(cmd, hermetic_json_outbox(cmd->h, id, &text)));
	*items = json_loads(text, 0, NULL);
	ENSURE(*items != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err print_items(struct cmd *cmd, const char *id)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(get_items(cmd, id, &items));
	json_array_foreach(items, i, item) cmd_print_item(cmd, item);
	if (json_array_size(items) == 0 && !cmd->args->json)
		out_line("Nothing waits.");
out:
	json_decref(items);
	return e;
}

/* ---- --flush ---- */

static void print_events(const struct cmd *cmd)
{
	const struct hermetic_event *event;

	while ((event = hermetic_next_event(cmd->h)) != NULL)
		cmd_print_event(cmd, event);
}

static bool waits(const json_t *item)
{
	return strcmp(out_member(item, "state"), "refused") != 0;
}

/* Prints what still waits there: the command ends with exit code 4 then. */
static enum err print_waiting(struct cmd *cmd, const char *id)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(get_items(cmd, id, &items));
	json_array_foreach(items, i, item)
	{
		if (!waits(item))
			continue;
		cmd_print_item(cmd, item);
		cmd->kept = true;
	}
out:
	json_decref(items);
	return e;
}

/* *failed: the first failure of a session that sent nothing; it is reported at the end. What
 * an order waits for is no failure of it. */
static enum err flush_session(struct cmd *cmd, const char *id,
			      struct cmd_failure *failed)
{
	enum hermetic_result result = hermetic_flush(cmd->h, id);
	json_t *given = cmd_given(cmd);
	struct reason kept;
	enum err e;

	reason_of(&kept, cmd->h, result);
	if (result != HERMETIC_KEPT && failed->e == ERR_OK)
		cmd_keep(cmd, cmd_did(cmd, result), failed);
	print_events(cmd);
	TRY(print_waiting(cmd, id));
	if (result == HERMETIC_KEPT)
		cmd_print_kept(cmd, id,
			       (uint64_t)json_integer_value(
				   json_object_get(given, "item")),
			       &kept);
out:
	json_decref(given);
	return e;
}

enum err cmd_waiting_sessions(struct cmd *cmd, const char *id, json_t *ids)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(get_items(cmd, id, &items));
	json_array_foreach(items, i, item) if (waits(item))(void)
	    json_object_set_new(ids, out_member(item, "session_id"),
				json_true());
out:
	json_decref(items);
	return e;
}

static enum err flush(struct cmd *cmd, const char *id)
{
	struct cmd_failure failed = { .e = ERR_OK };
	json_t *ids = json_object();
	const char *session;
	const json_t *value;
	enum err e;

	TRY(cmd_waiting_sessions(cmd, id, ids));
	json_object_foreach(ids, session, value)
	    TRY(flush_session(cmd, session, &failed));
	if (json_object_size(ids) == 0 && !cmd->args->json)
		out_line("Nothing waits.");
	e = cmd_fail(cmd, &failed);
out:
	json_decref(ids);
	return e;
}

/* ---- --drop ---- */

static enum err drop(struct cmd *cmd, const char *id)
{
	uint64_t item = cmd->args->drop_item;
	enum hermetic_result result = hermetic_drop(cmd->h, id, item);
	json_t *line = cmd_given(cmd);
	json_int_t dropped =
	    json_integer_value(json_object_get(line, "dropped"));
	enum err e = ERR_OK;

	json_decref(line);
	if (result == HERMETIC_GONE && item != HERMETIC_ALL_ITEMS)
		TRY(cmd_no(cmd, HERMETIC_GONE, "no-such-item",
			   "There is no item %llu in the outbox of %s. See: "
			   "hermetic outbox",
			   (unsigned long long)item, id));
	else if (result != HERMETIC_GONE)
		TRY(cmd_did(cmd, result));
	if (cmd->args->json) {
		line = json_pack("{s:s, s:I}", "session_id", id, "dropped",
				 dropped);
		out_json(line);
		json_decref(line);
	} else {
		out_line("Dropped %lld item%s.", (long long)dropped,
			 dropped == 1 ? "" : "s");
	}
out:
	return e;
}

enum err cmd_outbox(struct cmd *cmd)
{
	const char *given = cmd->args->operands[0];
	char id[HERMETIC_ID_SIZE];
	enum err e;

	if (given != NULL)
		TRY(cmd_find(cmd, id));
	if (cmd->args->drop != NULL)
		e = drop(cmd, id);
	else if (cmd->args->flush)
		e = flush(cmd, given != NULL ? id : NULL);
	else
		e = print_items(cmd, given != NULL ? id : NULL);
out:
	return e;
}
