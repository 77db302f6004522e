/* link: one's other devices come into one's sessions. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/approval.h"
#include "device/record.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The log has said meanwhile that this device is out: nothing is to be done there. */
static bool is_out(struct cmd *cmd, const char *id)
{
	struct why before = cmd->a.why;
	json_t *session = NULL;
	bool out;

	out = view_session(&cmd->a, id, &session) == ERR_OK &&
	      strcmp(out_member(session, "state"), "left") == 0;
	cmd->a.why = before;
	json_decref(session);
	return out;
}

enum err cmd_in_sessions(struct cmd *cmd,
			 enum err (*each)(struct cmd *cmd, const char *id,
					  const char *device),
			 const char *device)
{
	struct why first = cmd->a.why;
	char id[TEXT_UUID_SIZE];
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e, failed = ERR_OK;

	TRY(directory_own(&cmd->a, false, &list));
	json_array_foreach(list, i, row)
	{
		if (strcmp(out_member(row, "state"), "member") != 0)
			continue;
		/* what is printed on the way takes the buffers again */
		(void)snprintf(id, sizeof(id), "%s",
			       out_member(row, "session_id"));
		e = each(cmd, id, device);
		if (failed == ERR_OK && e != ERR_OK && !is_out(cmd, id)) {
			failed = e;
			first = cmd->a.why;
		}
		if (cmd->a.why.unreachable)
			break;
		why_clear(&cmd->a.why);
	}
	cmd->a.why = first;
	e = failed;
out:
	json_decref(list);
	return e;
}

/* Empty when there is none: leaves of sessions of before have no account. */
static const char *member_of(const json_t *row, const char *name)
{
	const char *text = record_string(row, name);

	return text != NULL ? text : "";
}

/* Which of the account's devices, as its log has them, are in a session. */
struct presence {
	size_t missing; /* stand in the log, and are not in */
	bool wanted;	/* the one that was asked about is in */
};

static void note_presence(struct presence *presence, const json_t *members,
			  const char *account, uint64_t number,
			  const char *wanted)
{
	char text[24];
	bool in = false;
	const json_t *row;
	size_t i;

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	json_array_foreach(members, i, row)
	{
		in |= strcmp(member_of(row, "account"), account) == 0 &&
		      strcmp(member_of(row, "device_id"), text) == 0;
	}
	presence->missing += !in;
	if (!in && wanted != NULL && strcmp(wanted, text) == 0)
		presence->wanted = false;
}

/* Where leaves are no devices of accounts, none is missed. */
static enum err look_who_is_in(struct cmd *cmd, const char *id,
			       const char *wanted, struct presence *presence)
{
	uint64_t numbers[ACCOUNT_DEVICES_MAX];
	const json_t *members, *row;
	const char *account = "";
	json_t *session = NULL;
	size_t i, count;
	enum err e;

	*presence = (struct presence){ .wanted = true };
	TRY(view_session(&cmd->a, id, &session));
	TRY(device_numbers(cmd->a.device, numbers, &count));
	members = json_object_get(session, "members");
	json_array_foreach(members, i, row)
	{
		if (json_is_true(json_object_get(row, "own")))
			account = member_of(row, "account");
	}
	for (i = 0; account[0] != '\0' && i < count; i++)
		note_presence(presence, members, account, numbers[i], wanted);
out:
	json_decref(session);
	return e;
}

static void print_linked(const struct cmd *cmd, const char *id, size_t devices,
			 const struct presence *presence)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s: %zu device%s of yours added.", id, devices,
			 devices == 1 ? "" : "s");
		if (presence->missing > 0)
			out_line("%s: %zu did not come: the server shows no "
				 "KeyPackage of theirs. Start hermetic there, "
				 "then: hermetic link",
				 id, presence->missing);
		return;
	}
	line = json_pack("{s:s, s:I, s:I}", "session_id", id, "devices",
			 (json_int_t)devices, "missing",
			 (json_int_t)presence->missing);
	out_json(line);
	json_decref(line);
}

/* `wanted`: the number of the device that is to be in afterwards, or NULL. */
static enum err link_session(struct cmd *cmd, const char *id,
			     const char *wanted)
{
	const char *user = cmd->a.username;
	const struct order order = { .kind = ORDER_INVITE,
				     .session = id,
				     .users = &user,
				     .user_count = 1 };
	const struct outcome *outcome;
	struct presence presence;
	enum err e = drive_order(&cmd->a, &order, &outcome);

	TRY(e);
	TRY(look_who_is_in(cmd, id, wanted, &presence));
	print_linked(cmd, id, outcome->devices, &presence);
	if (!presence.wanted)
		e = why_set(&cmd->a.why, ERR_STATE_PENDING, "not-ready",
			    "Device %s of your account did not come into %s: "
			    "the server shows no KeyPackage of it. When it "
			    "goes on, bring it in with: hermetic link",
			    wanted, id);
out:
	return e;
}

/* Those come that stand in the account's log, as it is now. */
enum err cmd_link_device(struct cmd *cmd, uint64_t number)
{
	char wanted[24];
	enum err e;

	(void)snprintf(wanted, sizeof(wanted), "%" PRIu64, number);
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(cmd_in_sessions(cmd, link_session, number > 0 ? wanted : NULL));
out:
	return e;
}

enum err cmd_link(struct cmd *cmd)
{
	return cmd_link_device(cmd, 0);
}
