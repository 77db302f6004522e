/* A device of one's own is ended. */
#include "reach/act_inside.h"

#include "base/uuid.h"
#include "device/accounts/approval.h"
#include "device/record.h"
#include "reach/look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- which one ---- */

static enum err find(struct act *act, const json_t *devices)
{
	const json_t *row;
	enum err e = act_find_device(act, devices, &row);

	if (e == ERR_STATE_GONE)
		e = why_set(&act->why, e, "no-such-device",
			    "No device of yours is called \"%.40s\", or has an "
			    "id that begins so.",
			    act->whom);
	TRY(e);
	TRY(record_text(row, "device_id", act->other.id,
			sizeof(act->other.id)));
	ENSURE(uuid_is_text(span_str(act->other.id)), ERR_PEER_MALFORMED);
	act->other.number = record_number_or_0(row, "number");
	(void)snprintf(act->other.in_log, sizeof(act->other.in_log), "%" PRIu64,
		       act->other.number);
	if (strcmp(act->other.id, act->whose.device_id) == 0)
		e = why_set(&act->why, ERR_PEER_INVALID, "own-device",
			    "This is the device you are at: log out, or revoke "
			    "it from another one.");
out:
	return e;
}

static enum err take_devices(struct act *act, enum err e)
{
	const json_t *devices;

	TRY(e);
	TRY(act_list(act, "devices", &devices));
	act->other.rows = json_incref((json_t *)(uintptr_t)devices);
	TRY(find(act, devices));
	TRY(act_stands(act, act->other.number, &act->other.stood));
out:
	return e;
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

static enum err refuse_list(struct act *act, uint64_t number)
{
	return why_set(&act->why, ERR_PEER_INVALID, "list-differs",
		       "The server's list of your devices does not fit your "
		       "account's log: it shows device %llu, which stands "
		       "there, not at all or under another id. Nothing was "
		       "revoked.",
		       (unsigned long long)number);
}

/* Which id has which number is the server's word. It ends neither this device, nor
 * two for one, and what stands in the log is ended by a link only. */
static enum err check_list(struct act *act)
{
	uint64_t standing[ACCOUNT_DEVICES_MAX], own;
	const uint64_t number = act->other.number;
	bool recovery;
	size_t count;
	enum err e;

	TRY(device_number(act->whose.device, &own, &recovery));
	TRY(device_numbers(act->whose.device, standing, &count));
	if (number > 0 &&
	    (number == own || count_rows(act->other.rows, number) > 1))
		e = refuse_list(act, number);
	for (size_t i = 0; number == 0 && e == ERR_OK && i < count; i++)
		if (count_rows(act->other.rows, standing[i]) == 0)
			e = refuse_list(act, standing[i]);
out:
	return e;
}

/* A link that was kept may have removed it. */
static enum err take_account(struct act *act, enum err e)
{
	bool stands;

	TRY(e);
	TRY(act_stands(act, act->other.number, &stands));
	act->other.gone = act->other.stood && !stands;
	TRY(check_list(act));
out:
	return e;
}

/* ---- in every session, by its id and then by its number ---- */

static bool has_another_pass(const struct act *act)
{
	return act->other.pass == 0 && act->other.number > 0;
}

static const char *called(const struct act *act)
{
	return act->other.pass == 0 ? act->other.id : act->other.in_log;
}

/* Is the device a member, as far as is known here? */
static enum err is_member(struct act *act, bool *found)
{
	json_t *session = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	*found = false;
	TRY(look_session(act->whose.device, act->at, &act->why, &session));
	json_array_foreach(json_object_get(session, "members"), i, row)
	{
		const char *user = record_string(row, "username");
		const char *device = record_string(row, "device_id");

		*found |= user != NULL && device != NULL &&
			  strcmp(user, act->whose.username) == 0 &&
			  strcmp(device, called(act)) == 0;
	}
out:
	json_decref(session);
	return e;
}

/* An order about the device, where it is a member. */
static enum err order_about(struct act *act, enum order_kind kind)
{
	bool found = false;
	enum err e = is_member(act, &found);

	if (e != ERR_OK)
		return act_session_failed(act, e);
	if (found)
		return act_wants_order(act, kind, act->at, act->other.whom);
	return ERR_OK;
}

/* *more: there is one to be done; otherwise the next pass begins, if there is one. */
static enum err next(struct act *act, bool *more)
{
	const char *id;
	enum err e;

	TRY(act_next_session(act, &id));
	*more = id != NULL;
	(void)snprintf(act->other.whom, sizeof(act->other.whom), "%s/%s",
		       act->whose.username, called(act));
	if (id != NULL || has_another_pass(act))
		act_repeat(act);
	if (id == NULL)
		act->other.pass = has_another_pass(act) ? 1 : 0;
out:
	return e;
}

/* The departures go first: once the device is ended the server would not serve them. A
 * session in which one cannot be made is seen to afterwards. */
static enum err ask_departure(struct act *act)
{
	bool more;
	enum err e;

	TRY(next(act, &more));
	if (more)
		TRY(order_about(act, ORDER_DEPART));
out:
	return e;
}

static enum err take_departure(struct act *act, enum err e)
{
	act_repeat(act);
	return e == ERR_OK ? ERR_OK : act_session_failed(act, e);
}

static enum err forgive(struct act *act)
{
	act->failed = ERR_OK;
	return ERR_OK;
}

/* Where its departure stands in the log, this device removes it as it renews the keys;
 * where that could not be, it is removed as one of one's own. */
static enum err ask_purge(struct act *act)
{
	bool more;
	enum err e;

	if (act->other.removing) {
		act_repeat(act);
		act->other.removing = false;
		return order_about(act, ORDER_REMOVE);
	}
	TRY(next(act, &more));
	if (!more)
		return act->repeats ? ERR_OK : act_end_sessions(act);
	act->other.removing = true;
	TRY(act_wants_order(act, ORDER_REFRESH, act->at, NULL));
out:
	return e;
}

/* That something waits there to be sent is no failure of it. */
static enum err take_purge(struct act *act, enum err e)
{
	act_repeat(act);
	if (act->other.removing)
		e = look_forgives(&act->why, e);
	if (e == ERR_OK)
		return ERR_OK;
	act->other.removing = false;
	return act_session_failed(act, e);
}

/* ---- out of the account ---- */

/* A device of the account's log is ended by a link, which ends its tokens, too; one from
 * before there were logs by the server. */
static enum err ask_end(struct act *act)
{
	const uint64_t number = act->other.number;
	enum err e;

	if (number == 0)
		return act_wants_call(act, "DELETE", NULL, "/devices/%s",
				      act->other.id);
	if (act->other.gone)
		return ERR_OK;
	e = device_remove_number(act->whose.device, number, &act->why);
	if (e == ERR_STATE_GONE)
		e = why_set(&act->why, e, "no-such-device",
			    "Device %llu does not stand in your account's log "
			    "(any more), whatever the server says.",
			    (unsigned long long)number);
	TRY(e);
	TRY(act_ask_account(act));
out:
	return e;
}

static enum err take_end(struct act *act, enum err e)
{
	bool stands = false;

	TRY(e);
	if (act->other.number > 0)
		TRY(act_stands(act, act->other.number, &stands));
	if (stands)
		e = why_set(&act->why, ERR_STATE_CONFLICT, "overtaken",
			    "Another device has changed the account meanwhile, "
			    "and device %llu stands in its log: try again.",
			    (unsigned long long)act->other.number);
	TRY(e);
out:
	return e;
}

static enum err name_it(struct act *act)
{
	return act_gives(act, json_pack("{s:s}", "device_id", act->other.id));
}

const struct act_step act_steps_revoke[] = {
	{ act_ask_devices, take_devices },
	{ act_ask_account, take_account },
	{ ask_departure, take_departure },
	{ forgive, NULL },
	{ ask_end, take_end },
	{ name_it, NULL },
	{ ask_purge, take_purge },
	{ NULL, NULL },
};
