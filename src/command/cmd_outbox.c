/* outbox */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/view.h"

static enum err print_items(struct cmd *cmd, const char *id)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(view_outbox(&cmd->h->a, id, &items));
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
	struct device_event event;

	while (device_next_event(cmd->h->a.device, &event))
		if (event.kind != EVENT_ENTRY)
			cmd_print_event(cmd, &event);
}

/* Prints what still waits there: the command ends with exit code 4 then. */
static enum err print_waiting(struct cmd *cmd, const char *id)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(view_outbox(&cmd->h->a, id, &items));
	json_array_foreach(items, i, item)
	{
		if (!view_item_waits(item))
			continue;
		cmd_print_item(cmd, item);
		cmd->kept = true;
	}
out:
	json_decref(items);
	return e;
}

/* What an order waits for is no failure of it. The reason of one that failed before
 * stays: it is reported at the end. */
static void print_reason(struct cmd *cmd, const char *id,
			 const struct outcome *outcome)
{
	struct why failed = cmd->h->a.why;

	cmd->h->a.why = *outcome->why;
	cmd_print_kept(cmd, id, outcome->item);
	cmd->h->a.why = failed;
}

/* *result: the first failure of a session that sent nothing. */
static enum err flush_session(struct cmd *cmd, const char *id, enum err *result)
{
	const struct order order = { .kind = ORDER_REFRESH,
				     .session = id,
				     .flush = true };
	const struct outcome *outcome;
	enum err e, sent = drive_order(&cmd->h->a, &order, &outcome);

	print_events(cmd);
	TRY(print_waiting(cmd, id));
	if (sent == ERR_OK && outcome->kept)
		print_reason(cmd, id, outcome);
	if (*result == ERR_OK)
		*result = sent;
out:
	return e;
}

static enum err flush(struct cmd *cmd, const char *id)
{
	enum err e, result = ERR_OK;
	json_t *ids = json_object();
	const char *session;
	const json_t *value;

	TRY(view_waiting(&cmd->h->a, id, ids));
	json_object_foreach(ids, session, value)
	    TRY(flush_session(cmd, session, &result));
	if (json_object_size(ids) == 0 && !cmd->args->json)
		out_line("Nothing waits.");
	e = result;
out:
	json_decref(ids);
	return e;
}

/* ---- --drop ---- */

static enum err drop(struct cmd *cmd, const char *id)
{
	uint64_t item = cmd->args->drop_item;
	size_t dropped = 0;
	json_t *line;
	enum err e;

	TRY(device_outbox_drop(cmd->h->a.device, id, item, &dropped));
	ENSURE(item == DEVICE_OUTBOX_ALL || dropped > 0,
	       why_set(&cmd->h->a.why, ERR_STATE_GONE, "no-such-item",
		       "There is no item %llu in the outbox of %s. See: "
		       "hermetic outbox",
		       (unsigned long long)item, id));
	if (cmd->args->json) {
		line = json_pack("{s:s, s:I}", "session_id", id, "dropped",
				 (json_int_t)dropped);
		out_json(line);
		json_decref(line);
	} else {
		out_line("Dropped %zu item%s.", dropped,
			 dropped == 1 ? "" : "s");
	}
out:
	return e;
}

enum err cmd_outbox(struct cmd *cmd)
{
	const char *given = cmd->args->operands[0];
	char id[TEXT_UUID_SIZE];
	enum err e;

	if (given != NULL)
		TRY(directory_find(&cmd->h->a, given, false, id));
	if (cmd->args->drop != NULL)
		e = drop(cmd, id);
	else if (cmd->args->flush)
		e = flush(cmd, given != NULL ? id : NULL);
	else
		e = print_items(cmd, given != NULL ? id : NULL);
out:
	return e;
}
