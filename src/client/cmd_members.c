/* remove, role, algorithm, leave, rejoin, devices, link, revoke */
#include "client/cmd.h"

#include "client/conversation.h"
#include "client/directory.h"
#include "client/out.h"
#include "client/tokens.h"

#include <stdio.h>
#include <string.h>

static enum err find(struct cmd *cmd, char id[TEXT_UUID_SIZE])
{
	return directory_find(&cmd->c, cmd->args->operands[0], false, id);
}

/* ---- members ---- */

enum err cmd_remove(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(find(cmd, id));
	TRY(conversation_remove(&cmd->c, id, cmd->args->operands[1]));
	TRY(cmd_print_changed(cmd, id, "Removed from"));
out:
	return e;
}

enum err cmd_role(struct cmd *cmd)
{
	const char *text = cmd->args->operands[2];
	char id[TEXT_UUID_SIZE];
	enum role role;
	enum err e;

	if (!roles_parse(text, &role))
		return why_set(&cmd->c.why, ERR_PEER_INVALID, "usage",
			       "A role is owner, admin or member, not "
			       "\"%.40s\".",
			       text);
	TRY(find(cmd, id));
	TRY(conversation_role(&cmd->c, id, cmd->args->operands[1], role));
	TRY(cmd_print_changed(cmd, id, "Changed"));
out:
	return e;
}

enum err cmd_algorithm(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(find(cmd, id));
	TRY(conversation_move(&cmd->c, id, cmd->args->operands[1]));
	TRY(cmd_print_changed(cmd, id, "Moved"));
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
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(find(cmd, id));
	TRY(conversation_leave(&cmd->c, id));
	print_left(cmd, id);
out:
	return e;
}

enum err cmd_rejoin(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->c, cmd->args->operands[0], true, id));
	TRY(conversation_rejoin(&cmd->c, id));
	TRY(cmd_print_changed(cmd, id, "Joined"));
out:
	return e;
}

/* ---- devices ---- */

static enum err fetch_devices(struct client *c, const char *username,
			      json_t **devices)
{
	struct api_answer answer = { 0 };
	char path[128];
	enum err e;

	if (!account_name_is_sane(username))
		return why_set(&c->why, ERR_PEER_INVALID, "username",
			       "\"%.40s\" is no user name.", username);
	(void)snprintf(path, sizeof(path), "/users/%s/devices", username);
	TRY(tokens_call(c, "GET", path, NULL, &answer));
	*devices = json_incref(json_object_get(answer.body, "devices"));
	ENSURE(json_is_array(*devices), ERR_PEER_MALFORMED);
out:
	api_answer_clear(&answer);
	return e;
}

static void print_device(const struct cmd *cmd, const json_t *device)
{
	bool own =
	    strcmp(out_member(device, "device_id"), cmd->c.device_id) == 0;
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s  %s%s", out_member(device, "device_id"),
			 out_member(device, "name"), own ? "  (this one)" : "");
		return;
	}
	line = json_copy((json_t *)(uintptr_t)device);
	(void)json_object_set_new(line, "own", json_boolean(own));
	out_json(line);
	json_decref(line);
}

enum err cmd_devices(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	json_t *devices = NULL;
	const json_t *device;
	size_t i;
	enum err e;

	TRY(fetch_devices(&cmd->c, user != NULL ? user : cmd->c.username,
			  &devices));
	json_array_foreach(devices, i, device) print_device(cmd, device);
out:
	json_decref(devices);
	return e;
}

/* ---- all sessions of this device ---- */

/* Calls `each` for every session that we are a member of. One that fails does
 * not keep the others from it; the first failure is returned. */
static enum err in_all(struct cmd *cmd,
		       enum err (*each)(struct cmd *cmd, const char *id))
{
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e, failed = ERR_OK;

	TRY(directory_list(&cmd->c, &list));
	json_array_foreach(list, i, row)
	{
		if (strcmp(out_member(row, "state"), "member") != 0)
			continue;
		e = each(cmd, out_member(row, "session_id"));
		if (failed == ERR_OK)
			failed = e;
	}
	e = failed;
out:
	json_decref(list);
	return e;
}

static void print_linked(const struct cmd *cmd, const char *id, size_t devices)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s: %zu device%s of yours added.", id, devices,
			 devices == 1 ? "" : "s");
		return;
	}
	line = json_pack("{s:s, s:I}", "session_id", id, "devices",
			 (json_int_t)devices);
	out_json(line);
	json_decref(line);
}

static enum err link_session(struct cmd *cmd, const char *id)
{
	size_t devices = 0;
	enum err e =
	    conversation_invite(&cmd->c, id, cmd->c.username, &devices);

	if (e == ERR_STATE_CONFLICT &&
	    strcmp(cmd->c.why.slug, "member-already") == 0) {
		why_clear(&cmd->c.why);
		devices = 0;
		e = ERR_OK;
	}
	if (e == ERR_OK)
		print_linked(cmd, id, devices);
	return e;
}

enum err cmd_link(struct cmd *cmd)
{
	return in_all(cmd, link_session);
}

/* A full id from the start of one of ours. */
static enum err find_device(struct cmd *cmd, const char *prefix,
			    char id[TEXT_UUID_SIZE])
{
	json_t *devices = NULL;
	const json_t *device;
	size_t i, found = 0;
	enum err e;

	TRY(fetch_devices(&cmd->c, cmd->c.username, &devices));
	json_array_foreach(devices, i, device)
	{
		const char *full = out_member(device, "device_id");

		if (strncmp(full, prefix, strlen(prefix)) != 0)
			continue;
		(void)snprintf(id, TEXT_UUID_SIZE, "%s", full);
		found++;
	}
	if (found != 1)
		e = why_set(&cmd->c.why, ERR_STATE_GONE, "no-such-device",
			    "%s device of yours begins with \"%.40s\": "
			    "hermetic devices lists them.",
			    found == 0 ? "No" : "More than one", prefix);
	else if (strcmp(id, cmd->c.device_id) == 0)
		e = why_set(&cmd->c.why, ERR_PEER_INVALID, "own-device",
			    "This is the device you are at: use hermetic "
			    "logout, or revoke it from another one.");
out:
	json_decref(devices);
	return e;
}

/* Before it is revoked: then its leaf is anybody's to remove. */
static enum err depart(struct cmd *cmd, const char *id)
{
	char device[TEXT_UUID_SIZE];
	enum err e;

	TRY(find_device(cmd, cmd->args->operands[0], device));
	TRY(conversation_depart(&cmd->c, id, device));
out:
	return e;
}

/* The commit finds by itself who has departed. */
static enum err renew(struct cmd *cmd, const char *id)
{
	return conversation_purge(&cmd->c, id);
}

enum err cmd_revoke(struct cmd *cmd)
{
	struct api_answer answer = { 0 };
	char id[TEXT_UUID_SIZE], path[64];
	json_t *line;
	enum err e;

	TRY(find_device(cmd, cmd->args->operands[0], id));
	TRY(in_all(cmd, depart));
	(void)snprintf(path, sizeof(path), "/devices/%s", id);
	TRY(tokens_call(&cmd->c, "DELETE", path, NULL, &answer));
	TRY(in_all(cmd, renew));
	if (!cmd->args->json) {
		out_line("Revoked %s. It was removed from your sessions.", id);
		goto out;
	}
	line = json_pack("{s:s, s:b}", "device_id", id, "revoked", 1);
	out_json(line);
	json_decref(line);
out:
	api_answer_clear(&answer);
	return e;
}
