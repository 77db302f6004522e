/* devices, revoke */
#include "command/cmd.h"

#include "command/out.h"

#include <stdio.h>
#include <string.h>

static void print_device(const struct cmd *cmd, const json_t *device)
{
	bool own = json_is_true(json_object_get(device, "own"));
	bool pending = json_is_true(json_object_get(device, "pending"));
	const json_t *number = json_object_get(device, "number");
	char place[48] = "";

	if (!cmd->args->json) {
		if (number != NULL)
			(void)snprintf(place, sizeof(place), "  device %lld",
				       (long long)json_integer_value(number));
		out_line("%s  %s%s%s%s", out_name(device, "device_id"),
			 out_quoted(device, "name"), place,
			 pending ? "  waits to be approved" : "",
			 own ? "  (this one)" : "");
		return;
	}
	out_json(device);
}

static enum err list_devices(struct cmd *cmd)
{
	const struct hermetic_own_device *const *rows;
	json_t *devices = NULL;
	const json_t *device;
	size_t count, i;
	enum err e;

	TRY(cmd_did(cmd, hermetic_devices(cmd->h, &rows, &count)));
	devices = cmd_given(cmd);
	json_array_foreach(devices, i, device) print_device(cmd, device);
	cmd_remind_recovery(cmd);
out:
	json_decref(devices);
	return e;
}

enum err cmd_devices(struct cmd *cmd)
{
	const char *what = cmd->args->operands[0];

	if (what == NULL)
		return list_devices(cmd);
	if (strcmp(what, "approve") == 0)
		return cmd_approve(cmd);
	if (strcmp(what, "refuse") == 0)
		return cmd_refuse(cmd);
	return cmd_no(cmd, HERMETIC_USAGE, "usage",
		      "\"%.40s\" is nothing that can be done with devices. "
		      "See: hermetic devices --help",
		      what);
}

/* ---- revoke ---- */

enum err cmd_revoke(struct cmd *cmd)
{
	json_t *row = NULL, *line;
	enum err e;

	TRY(cmd_did(cmd, hermetic_revoke(cmd->h, cmd->args->operands[0])));
	row = cmd_given(cmd);
	if (!cmd->args->json) {
		out_line("Revoked %s. It was removed from your account and "
			 "from your sessions.",
			 out_member(row, "device_id"));
		goto out;
	}
	line = json_pack("{s:s, s:b}", "device_id",
			 out_member(row, "device_id"), "revoked", 1);
	out_json(line);
	json_decref(line);
out:
	json_decref(row);
	return e;
}
