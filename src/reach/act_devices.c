/* One's own devices: the list, one that is let in, and one that is not. */
#include "reach/act_inside.h"

#include "base/text.h"
#include "base/uuid.h"
#include "device/accounts/approval.h"
#include "device/record.h"
#include "reach/look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the list ---- */

static enum err keep_devices(struct act *act, enum err e)
{
	const json_t *list;

	TRY(e);
	TRY(act_list(act, "devices", &list));
	act->other.rows = json_incref((json_t *)(uintptr_t)list);
out:
	return e;
}

static bool is_listed(const json_t *list, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *its = record_string(row, "device_id");

		if (its != NULL && strcmp(its, id) == 0)
			return true;
	}
	return false;
}

static enum err describe(struct act *act, json_t *row, const json_t *requests)
{
	const char *id = record_string(row, "device_id");
	bool stands;
	enum err e;

	ENSURE(id != NULL && uuid_is_text(span_str(id)), ERR_PEER_MALFORMED);
	TRY(act_stands(act, record_number_or_0(row, "number"), &stands));
	ENSURE(
	    json_object_set_new(
		row, "own",
		json_boolean(strcmp(id, act->whose.device_id) == 0)) == 0 &&
		json_object_set_new(
		    row, "waits", json_boolean(is_listed(requests, id))) == 0 &&
		json_object_set_new(row, "stands", json_boolean(stands)) == 0,
	    ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err take_devices(struct act *act, enum err e)
{
	const json_t *requests;
	json_t *row;
	size_t i;

	TRY(e);
	TRY(act_list(act, "requests", &requests));
	json_array_foreach(act->other.rows, i, row)
	    TRY(describe(act, row, requests));
	TRY(act_gives(act, json_incref(act->other.rows)));
out:
	return e;
}

const struct act_step act_steps_devices[] = {
	{ act_ask_devices, keep_devices },
	{ act_ask_requests, take_devices },
	{ NULL, NULL },
};

/* ---- approving ---- */

/* The request that was made with the code. */
static enum err find_request(struct act *act, const json_t *requests,
			     const json_t **found)
{
	struct buf *bytes = &act->other.request;
	const json_t *row;
	size_t i;
	enum err e;

	json_array_foreach(requests, i, row)
	{
		buf_reset(bytes);
		TRY(record_bytes(row, "request", bytes));
		TRY(buf_end(bytes));
		e = device_approve(act->whose.device, &act->code,
				   buf_span(bytes), &act->why);
		if (e == ERR_PEER_CRYPTO || e == ERR_PEER_MALFORMED ||
		    e == ERR_PEER_UNSUPPORTED)
			continue;
		TRY(e);
		*found = row;
		return ERR_OK;
	}
	if (json_array_size(requests) == 0)
		e = why_set(&act->why, ERR_STATE_GONE, "nobody-waits",
			    "No device of yours waits to be approved, as far "
			    "as the server says.");
	else
		e = why_set(&act->why, ERR_PEER_CRYPTO, "code-mismatch",
			    "No device has asked with this code. Either it was "
			    "mistyped, or the server has changed what the new "
			    "device asked, to add a key of its own. Nothing "
			    "was approved.");
out:
	return e;
}

static enum err take_requests(struct act *act, enum err e)
{
	const json_t *requests, *row = NULL;
	const char *name;

	TRY(e);
	TRY(act_list(act, "requests", &requests));
	TRY(find_request(act, requests, &row));
	TRY(record_text(row, "device_id", act->other.id,
			sizeof(act->other.id)));
	ENSURE(uuid_is_text(span_str(act->other.id)), ERR_PEER_MALFORMED);
	name = record_string(row, "name");
	(void)snprintf(act->other.name, sizeof(act->other.name), "%s",
		       name != NULL && text_is_utf8(span_str(name)) ? name
								    : "");
out:
	return e;
}

static enum err ask_answer(struct act *act)
{
	struct buf answer = BUF_INIT;
	json_t *body = json_object();
	enum err e;

	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(device_answer_request(act->whose.device, &act->code,
				  buf_span(&act->other.request), &answer,
				  &act->other.number));
	TRY(record_set_bytes(body, "answer", buf_span(&answer)));
	TRY(act_wants_call(act, "POST", json_incref(body),
			   "/devices/requests/%.40s", act->other.id));
out:
	json_decref(body);
	buf_clear(&answer);
	return e;
}

static enum err take_answered(struct act *act, enum err e)
{
	TRY(e);
	TRY(act_gives(act, json_pack("{s:s, s:s, s:I}", "device_id",
				     act->other.id, "name", act->other.name,
				     "number", (json_int_t)act->other.number)));
out:
	return e;
}

const struct act_step act_steps_approve[] = {
	{ act_ask_account, NULL },
	{ act_ask_requests, take_requests },
	{ act_ask_account, NULL },
	{ ask_answer, take_answered },
	{ NULL, NULL },
};

/* ---- refusing ---- */

static enum err find_waiting(struct act *act, enum err e)
{
	const json_t *requests, *row;

	TRY(e);
	TRY(act_list(act, "requests", &requests));
	e = act_find_device(act, requests, &row);
	if (e == ERR_STATE_GONE)
		e = why_set(&act->why, e, "not-asking",
			    "No device that asks to be approved is called "
			    "\"%.40s\", or has an id that begins so.",
			    act->whom);
	TRY(e);
	TRY(record_text(row, "device_id", act->other.id,
			sizeof(act->other.id)));
	ENSURE(uuid_is_text(span_str(act->other.id)), ERR_PEER_MALFORMED);
out:
	return e;
}

static enum err ask_refusal(struct act *act)
{
	return act_wants_call(act, "DELETE", NULL, "/devices/requests/%s",
			      act->other.id);
}

static enum err take_id(struct act *act, enum err e)
{
	TRY(e);
	TRY(act_gives(act, json_pack("{s:s}", "device_id", act->other.id)));
out:
	return e;
}

const struct act_step act_steps_refuse[] = {
	{ act_ask_requests, find_waiting },
	{ ask_refusal, take_id },
	{ NULL, NULL },
};

/* ---- one's devices come into one's sessions ---- */

/* A device that was approved publishes KeyPackages when it has seen so. */
static enum err ask_whether_ready(struct act *act)
{
	return act->whom != NULL ? act_ask_devices(act) : ERR_OK;
}

static enum err not_ready(struct act *act)
{
	return why_set(&act->why, ERR_STATE_PENDING, "not-ready",
		       "The device was approved, but does not go on. When it "
		       "does, bring it into your sessions.");
}

static enum err take_whether_ready(struct act *act, enum err e)
{
	const json_t *list, *row;
	bool ready = false;
	size_t i;
	char number[24];

	TRY(e);
	TRY(act_list(act, "devices", &list));
	json_array_foreach(list, i, row)
	{
		(void)snprintf(number, sizeof(number), "%" PRIu64,
			       record_number_or_0(row, "number"));
		ready |= strcmp(number, act->whom) == 0 &&
			 json_is_true(json_object_get(row, "ready"));
	}
	if (!ready)
		e = not_ready(act);
out:
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
static enum err look_who_is_in(struct act *act, struct presence *presence)
{
	uint64_t numbers[ACCOUNT_DEVICES_MAX];
	const json_t *members, *row;
	const char *account = "";
	json_t *session = NULL;
	size_t i, count;
	enum err e;

	*presence = (struct presence){ .wanted = true };
	TRY(look_session(act->whose.device, act->at, &act->why, &session));
	TRY(device_numbers(act->whose.device, numbers, &count));
	members = json_object_get(session, "members");
	json_array_foreach(members, i, row)
	{
		if (json_is_true(json_object_get(row, "own")))
			account = member_of(row, "account");
	}
	for (i = 0; account[0] != '\0' && i < count; i++)
		note_presence(presence, members, account, numbers[i],
			      act->whom);
out:
	json_decref(session);
	return e;
}

static enum err begin_links(struct act *act)
{
	return act_gives(act, json_array());
}

static enum err ask_link(struct act *act)
{
	const char *id;
	enum err e;

	TRY(act_next_session(act, &id));
	if (id == NULL)
		return act_end_sessions(act);
	act_repeat(act);
	TRY(act_wants_order(act, ORDER_INVITE, id, act->whose.username));
out:
	return e;
}

static enum err note_link(struct act *act)
{
	struct presence presence;
	enum err e;

	TRY(look_who_is_in(act, &presence));
	ENSURE(json_array_append_new(
		   act->value,
		   json_pack("{s:s, s:I, s:I}", "session_id", act->at,
			     "devices", (json_int_t)act->outcome->devices,
			     "missing", (json_int_t)presence.missing)) == 0,
	       ERR_LOCAL_MEMORY);
	if (!presence.wanted)
		e = why_set(&act->why, ERR_STATE_PENDING, "not-in",
			    "Device %s of your account did not come into %s: "
			    "the server shows no KeyPackage of it.",
			    act->whom, act->at);
out:
	return e;
}

static enum err take_link(struct act *act, enum err e)
{
	if (e == ERR_OK)
		e = note_link(act);
	act_repeat(act);
	return e == ERR_OK ? ERR_OK : act_session_failed(act, e);
}

/* Those come that stand in the account's log, as it is now. */
const struct act_step act_steps_link[] = {
	{ ask_whether_ready, take_whether_ready },
	{ act_ask_account, NULL },
	{ begin_links, NULL },
	{ ask_link, take_link },
	{ NULL, NULL },
};
