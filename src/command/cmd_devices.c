/* devices, revoke */
#include "command/cmd.h"

#include "command/out.h"
#include "device/approval.h"
#include "device/record.h"
#include "reach/choose.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/tokens.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum err cmd_fetch_devices(struct cmd *cmd, json_t **devices)
{
	struct api_answer answer = { 0 };
	char path[128];
	enum err e;

	*devices = NULL;
	(void)snprintf(path, sizeof(path), "/users/%s/devices",
		       cmd->a.username);
	TRY(tokens_call(&cmd->a, "GET", path, NULL, &answer));
	*devices = json_incref(json_object_get(answer.body, "devices"));
	ENSURE(json_is_array(*devices), ERR_PEER_MALFORMED);
out:
	api_answer_clear(&answer);
	return e;
}

enum err cmd_find_device(struct cmd *cmd, const json_t *devices,
			 const char *word, const json_t **row)
{
	json_t *found = choose_match(devices, "device_id", word, true);
	enum err e;

	ENSURE(found != NULL, ERR_LOCAL_MEMORY);
	TRY(choose_one(found, "device_id", "devices", word, &cmd->a.why, row));
out:
	json_decref(found);
	return e;
}

static void print_device(const struct cmd *cmd, const json_t *device)
{
	bool own =
	    strcmp(out_member(device, "device_id"), cmd->a.device_id) == 0;
	bool pending = json_is_true(json_object_get(device, "pending"));
	const json_t *number = json_object_get(device, "number");
	char place[48] = "";
	json_t *line;

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
	line = json_copy((json_t *)(uintptr_t)device);
	(void)json_object_set_new(line, "own", json_boolean(own));
	out_json(line);
	json_decref(line);
}

static enum err list_devices(struct cmd *cmd)
{
	json_t *devices = NULL;
	const json_t *device;
	size_t i;
	enum err e;

	TRY(cmd_fetch_devices(cmd, &devices));
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
	return why_set(&cmd->a.why, ERR_PEER_INVALID, "usage",
		       "\"%.40s\" is nothing that can be done with devices. "
		       "See: hermetic devices --help",
		       what);
}

/* How many rows of the server's list have that number. */
static size_t count_rows(const json_t *devices, uint64_t number)
{
	const json_t *device;
	size_t i, count = 0;

	json_array_foreach(devices, i, device) count +=
	    record_number_or_0(device, "number") == number;
	return count;
}

static enum err refuse_list(struct cmd *cmd, uint64_t number)
{
	return why_set(&cmd->a.why, ERR_PEER_INVALID, "list-differs",
		       "The server's list of your devices does not fit your "
		       "account's log: it shows device %llu, which stands "
		       "there, not at all or under another id. Nothing was "
		       "revoked.",
		       (unsigned long long)number);
}

/* Which id has which number is the server's word. It ends neither this device, nor
 * two for one, and what stands in the log is ended by a link only. */
static enum err check_list(struct cmd *cmd, const json_t *devices,
			   uint64_t number)
{
	uint64_t standing[ACCOUNT_DEVICES_MAX], own;
	bool recovery;
	size_t count;
	enum err e;

	TRY(device_number(cmd->a.device, &own, &recovery));
	TRY(device_numbers(cmd->a.device, standing, &count));
	if (number > 0 && (number == own || count_rows(devices, number) > 1))
		e = refuse_list(cmd, number);
	for (size_t i = 0; number == 0 && e == ERR_OK && i < count; i++)
		if (count_rows(devices, standing[i]) == 0)
			e = refuse_list(cmd, standing[i]);
out:
	return e;
}

/* The device to revoke: its id is from the server's list. */
struct target {
	char id[TEXT_UUID_SIZE];
	uint64_t number; /* in the account's log; 0: not there */
	char in_log[24]; /* the same: so sessions with places call it */
	bool gone;	 /* a link that was kept has removed it */
};

static enum err find_row(struct cmd *cmd, const json_t *devices,
			 const char *word, struct target *target)
{
	const json_t *row;
	enum err e = cmd_find_device(cmd, devices, word, &row);

	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->a.why, e, "no-such-device",
			    "No device of yours is called \"%.40s\", or has an "
			    "id that begins so: hermetic devices lists them.",
			    word);
	TRY(e);
	TRY(record_text(row, "device_id", target->id, sizeof(target->id)));
	target->number = record_number_or_0(row, "number");
	(void)snprintf(target->in_log, sizeof(target->in_log), "%" PRIu64,
		       target->number);
	if (strcmp(target->id, cmd->a.device_id) == 0)
		e = why_set(&cmd->a.why, ERR_PEER_INVALID, "own-device",
			    "This is the device you are at: use hermetic "
			    "logout, or revoke it from another one.");
out:
	return e;
}

/* As far as the log is verified here. */
static enum err stands(struct cmd *cmd, uint64_t number, bool *found)
{
	uint64_t standing[ACCOUNT_DEVICES_MAX];
	size_t count;
	enum err e;

	*found = false;
	TRY(device_numbers(cmd->a.device, standing, &count));
	for (size_t i = 0; i < count; i++)
		*found |= standing[i] == number;
out:
	return e;
}

static enum err find_device(struct cmd *cmd, const char *word,
			    struct target *target)
{
	json_t *devices = NULL;
	bool before, after;
	enum err e;

	memset(target, 0, sizeof(*target));
	TRY(cmd_fetch_devices(cmd, &devices));
	TRY(find_row(cmd, devices, word, target));
	TRY(stands(cmd, target->number, &before));
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(stands(cmd, target->number, &after));
	target->gone = before && !after;
	TRY(check_list(cmd, devices, target->number));
out:
	json_decref(devices);
	return e;
}

/* ---- revoke ---- */

/* Is the device a member, as far as is known here? */
static enum err is_member(struct cmd *cmd, const char *id, const char *device,
			  bool *found)
{
	json_t *session = NULL;
	const json_t *member;
	size_t i;
	enum err e;

	*found = false;
	TRY(view_session(&cmd->a, id, &session));
	json_array_foreach(json_object_get(session, "members"), i,
			   member) *found |=
	    strcmp(out_member(member, "username"), cmd->a.username) == 0 &&
	    strcmp(out_member(member, "device_id"), device) == 0;
out:
	json_decref(session);
	return e;
}

/* An order about the device, where it is a member. */
static enum err order_about(struct cmd *cmd, enum order_kind kind,
			    const char *id, const char *device)
{
	char whom[DEVICE_NAME_SIZE + TEXT_UUID_SIZE];
	const struct order order = { .kind = kind,
				     .session = id,
				     .whom = whom };
	bool found;
	enum err e;

	(void)snprintf(whom, sizeof(whom), "%s/%s", cmd->a.username, device);
	TRY(is_member(cmd, id, device, &found));
	if (found)
		TRY(drive_order(&cmd->a, &order, NULL));
out:
	return e;
}

static enum err depart(struct cmd *cmd, const char *id, const char *device)
{
	return order_about(cmd, ORDER_DEPART, id, device);
}

/* Where its departure stands in the log, this device removes it as it renews
 * the keys; where that could not be, it is removed as one of one's own. */
static enum err purge(struct cmd *cmd, const char *id, const char *device)
{
	enum err e;

	TRY(view_refresh(&cmd->a, id));
	TRY(order_about(cmd, ORDER_REMOVE, id, device));
out:
	return e;
}

/* A device of the account's log is ended by a link, which ends its tokens, too. */
static enum err remove_number(struct cmd *cmd, uint64_t number)
{
	bool found;
	enum err e;

	e = device_remove_number(cmd->a.device, number, &cmd->a.why);
	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->a.why, e, "no-such-device",
			    "Device %llu does not stand in your account's log "
			    "(any more), whatever the server says.",
			    (unsigned long long)number);
	TRY(e);
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(stands(cmd, number, &found));
	if (found)
		e = why_set(&cmd->a.why, ERR_STATE_CONFLICT, "overtaken",
			    "Another device has changed the account meanwhile, "
			    "and device %llu stands in its log: try again.",
			    (unsigned long long)number);
out:
	return e;
}

/* One from before there were logs. */
static enum err delete_device(struct cmd *cmd, const char *id)
{
	struct api_answer answer = { 0 };
	char path[64];
	enum err e;

	(void)snprintf(path, sizeof(path), "/devices/%s", id);
	e = tokens_call(&cmd->a, "DELETE", path, NULL, &answer);
	api_answer_clear(&answer);
	return e;
}

/* The departures go first: once the device is deleted the server would not
 * serve them. A session in which one cannot be made is seen to afterwards. */
enum err cmd_revoke(struct cmd *cmd)
{
	struct target target;
	json_t *line;
	enum err e;

	TRY(find_device(cmd, cmd->args->operands[0], &target));
	e = cmd_in_sessions(cmd, depart, target.id);
	if (target.number > 0 && !cmd->a.why.unreachable)
		e = cmd_in_sessions(cmd, depart, target.in_log);
	ENSURE(!cmd->a.why.unreachable, e);
	why_clear(&cmd->a.why);
	if (target.number == 0)
		TRY(delete_device(cmd, target.id));
	else if (!target.gone)
		TRY(remove_number(cmd, target.number));
	TRY(cmd_in_sessions(cmd, purge, target.id));
	if (target.number > 0)
		TRY(cmd_in_sessions(cmd, purge, target.in_log));
	if (!cmd->args->json) {
		out_line("Revoked %s. It was removed from your account and "
			 "from your sessions.",
			 target.id);
		goto out;
	}
	line = json_pack("{s:s, s:b}", "device_id", target.id, "revoked", 1);
	out_json(line);
	json_decref(line);
out:
	return e;
}
