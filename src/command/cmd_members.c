/* remove, role, algorithm, upgrade, leave */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/directory.h"
#include "reach/drive.h"

#include <string.h>

/* Runs an order on the session that the first operand names. */
static enum err change(struct cmd *cmd, struct order *order,
		       char id[TEXT_UUID_SIZE])
{
	enum err e;

	TRY(directory_find(&cmd->h->a, cmd->args->operands[0], false, id));
	order->session = id;
	TRY(drive_order(&cmd->h->a, order, NULL));
out:
	return e;
}

enum err cmd_remove(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_REMOVE,
			       .whom = cmd->args->operands[1] };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, "Removed from"));
out:
	return e;
}

enum err cmd_role(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_ROLE,
			       .whom = cmd->args->operands[1] };
	const char *text = cmd->args->operands[2];
	char id[TEXT_UUID_SIZE];
	enum err e;

	if (!roles_parse(text, &order.role))
		return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
			       "A role is owner, admin or member, not "
			       "\"%.40s\".",
			       text);
	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, "Changed"));
out:
	return e;
}

static enum err ban(struct cmd *cmd, bool banned, const char *done)
{
	struct order order = { .kind = ORDER_BAN,
			       .whom = cmd->args->operands[1],
			       .ban = banned };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, done));
out:
	return e;
}

enum err cmd_ban(struct cmd *cmd)
{
	return ban(cmd, true, "Banned from");
}

enum err cmd_unban(struct cmd *cmd)
{
	return ban(cmd, false, "Not banned any more from");
}

enum err cmd_uninvite(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_UNINVITE,
			       .whom = cmd->args->operands[1] };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, "Took back an invitation into"));
out:
	return e;
}

enum err cmd_algorithm(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_MOVE,
			       .algorithm = cmd->args->operands[1] };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, "Moved"));
out:
	return e;
}

enum err cmd_upgrade(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_MOVE, .open = cmd->args->open };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	TRY(cmd_print_changed(cmd, id, "Taken over to accounts"));
out:
	return e;
}

static void print_left(const struct cmd *cmd, const char *id)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Left %s. What was read stays here.", id);
		return;
	}
	line = json_pack("{s:s, s:b}", "session_id", id, "left", 1);
	out_json(line);
	json_decref(line);
}

enum err cmd_leave(struct cmd *cmd)
{
	struct order order = { .kind = ORDER_LEAVE };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(change(cmd, &order, id));
	print_left(cmd, id);
out:
	return e;
}
