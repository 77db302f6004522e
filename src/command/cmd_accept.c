/* accept */
#include "command/cmd.h"

#include "command/out.h"
#include "command/view.h"

#include <stdlib.h>

static void print_change(const struct cmd *cmd, const json_t *change)
{
	if (cmd->args->json) {
		out_json(change);
		return;
	}
	out_line("%s, device %s (%s):", out_name(change, "username"),
		 out_name(change, "device_id"), out_member(change, "scheme"));
	out_line("  known     %s", out_member(change, "known"));
	out_line("  delivered %s", out_member(change, "offered"));
}

/* One of the two keys is not that person's. */
static void explain(const struct cmd *cmd, const char *user)
{
	if (cmd->args->json)
		return;
	out_line("A device keeps its key for life. So one of the two was never "
		 "%.40s's: somebody stood between you when you met, or does "
		 "now.",
		 user);
	out_line("Ask %.40s by another channel which one it is: in any session "
		 "of theirs, hermetic members ID --json has it as \"key\".",
		 user);
	out_line("If it is the one that was delivered: hermetic accept %.40s "
		 "--yes",
		 user);
}

/* Exactly the keys that were printed. */
static enum err accept(struct cmd *cmd, const char *user, const json_t *changes)
{
	size_t count = json_array_size(changes), accepted = 0, i;
	const char **keys = calloc(count + 1, sizeof(*keys));
	const json_t *change;
	enum err e;

	ENSURE(keys != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(changes, i, change) keys[i] =
	    json_string_value(json_object_get(change, "offered"));
	TRY(device_accept_keys(cmd->a.device, user, keys, count, &accepted));
	if (!cmd->args->json)
		out_line("Accepted: %zu key%s of %.40s.", accepted,
			 accepted == 1 ? "" : "s", user);
out:
	free(keys);
	return e;
}

enum err cmd_accept(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	json_t *changes = NULL;
	const json_t *change;
	size_t i;
	enum err e;

	TRY(view_key_changes(&cmd->a, user, &changes));
	if (json_array_size(changes) == 0) {
		e = why_set(&cmd->a.why, ERR_STATE_GONE, "no-key-changed",
			    "No other key than the known one was delivered for "
			    "a device of %.40s.",
			    user);
		goto out;
	}
	json_array_foreach(changes, i, change) print_change(cmd, change);
	if (cmd->args->yes && out_is_good())
		e = accept(cmd, user, changes);
	else
		explain(cmd, user);
out:
	json_decref(changes);
	return e;
}
