/* Whom one does not want to hear of, and invitations. */
#include "reach/act_inside.h"

#include "device/accounts/blocks.h"
#include "device/record.h"
#include "reach/look.h"
#include "reach/notice.h"

#include <stdio.h>
#include <string.h>

/* ---- blocks ---- */

static enum err add_block(json_t *list, const char *name,
			  const char *fingerprint, bool here)
{
	json_t *row =
	    json_pack("{s:s, s:b}", "username", name, "here", (int)here);

	if (fingerprint[0] != '\0')
		(void)json_object_set_new(row, "fingerprint",
					  json_string(fingerprint));
	return json_array_append_new(list, row) == 0 ? ERR_OK
						     : ERR_LOCAL_MEMORY;
}

/* What the server has besides is from another device of the account, or the server's
 * own: it changes nothing here. */
static enum err add_others(const json_t *rows, const json_t *blocks,
			   json_t *list)
{
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(rows, i, row)
	{
		const char *name = record_string(row, "username");
		const char *fingerprint = record_string(row, "fingerprint");

		if (fingerprint == NULL)
			fingerprint = "";
		if (name != NULL && !blocks_has(blocks, name, fingerprint))
			TRY(add_block(list, name, fingerprint, false));
	}
out:
	return e;
}

static enum err ask_blocks(struct act *act)
{
	return act_wants_call(act, "GET", NULL, "/blocks");
}

static enum err take_blocks(struct act *act, enum err e)
{
	json_t *blocks = NULL, *value;
	const json_t *rows;
	const char *name;

	TRY(e);
	TRY(act_list(act, "blocked", &rows));
	TRY(notice_blocks(act->whose.device, &blocks));
	TRY(act_gives(act, json_array()));
	json_object_foreach(blocks, name, value)
	    TRY(add_block(act->value, name, json_string_value(value), true));
	TRY(add_others(rows, blocks, act->value));
out:
	json_decref(blocks);
	return e;
}

const struct act_step act_steps_blocks[] = {
	{ ask_blocks, take_blocks },
	{ NULL, NULL },
};

/* Is it a user name, and another one's? */
static enum err check_name(struct act *act)
{
	if (!text_is_username(span_str(act->whom)))
		return why_set(&act->why, ERR_PEER_INVALID, "username",
			       "That is no user name.");
	if (strcmp(act->whom, act->whose.username) == 0)
		return why_set(&act->why, ERR_PEER_INVALID, "own-name",
			       "That is your own name: nobody can block "
			       "themselves.");
	return ERR_OK;
}

static enum err ask_whose(struct act *act)
{
	enum err e;

	TRY(check_name(act));
	TRY(act_wants_order(act, ORDER_MEET, NULL, act->whom));
out:
	return e;
}

/* Whose account it is, if the server shows it: what it says otherwise is no reason not
 * to block. */
static enum err take_whose(struct act *act, enum err e)
{
	return act->why.unreachable ? e : ERR_OK;
}

/* How the server knows whom this device means: by the fingerprint where there is one. */
static enum err name_of(struct act *act, char name[2 * ACCOUNT_HASH + 1])
{
	json_t *blocks = NULL;
	const char *fingerprint;
	enum err e;

	TRY(notice_blocks(act->whose.device, &blocks));
	fingerprint = record_string(blocks, act->whom);
	(void)snprintf(name, 2 * ACCOUNT_HASH + 1, "%s",
		       fingerprint != NULL && fingerprint[0] != '\0'
			   ? fingerprint
			   : act->whom);
out:
	json_decref(blocks);
	return e;
}

static enum err ask_block(struct act *act)
{
	char name[2 * ACCOUNT_HASH + 1];
	enum err e = device_block(act->whose.device, act->whom);

	if (e == ERR_PEER_TOO_LARGE)
		e = why_set(
		    &act->why, e, "too-many-blocks",
		    "There are %d blocks here already: take one away first.",
		    BLOCKS_MAX);
	TRY(e);
	TRY(name_of(act, name));
	TRY(act_wants_call(act, "POST", json_pack("{s:s}", "username", name),
			   "/blocks"));
out:
	return e;
}

/* Nobody of that name: as it is to be. */
static enum err take_block(struct act *act, enum err e)
{
	if (e != ERR_OK && e != ERR_STATE_GONE)
		return e;
	return act_gives(act, json_pack("{s:b}", "known", e == ERR_OK));
}

const struct act_step act_steps_block[] = {
	{ ask_whose, take_whose },
	{ ask_block, take_block },
	{ NULL, NULL },
};

/* The server first: what is kept here says whom it means. */
static enum err ask_unblock(struct act *act)
{
	char name[2 * ACCOUNT_HASH + 1];
	enum err e;

	TRY(check_name(act));
	TRY(name_of(act, name));
	TRY(act_wants_call(act, "DELETE", NULL, "/blocks/%s", name));
out:
	return e;
}

static enum err take_unblock(struct act *act, enum err e)
{
	TRY(e);
	e = device_unblock(act->whose.device, act->whom);
	if (e == ERR_STATE_GONE) /* on another device, perhaps */
		e = ERR_OK;
out:
	return e;
}

const struct act_step act_steps_unblock[] = {
	{ ask_unblock, take_unblock },
	{ NULL, NULL },
};

/* ---- invitations ---- */

static enum err ask_letters(struct act *act)
{
	return act_wants_order(act, ORDER_LETTER, act->session, NULL);
}

static enum err take_letters(struct act *act, enum err e)
{
	const struct outcome *outcome = act->outcome;

	TRY(e);
	TRY(act_gives(act, json_array()));
	for (size_t i = 0; i < outcome->letter_count; i++)
		ENSURE(json_array_append_new(
			   act->value,
			   json_pack("{s:s, s:s}", "by", outcome->letters[i].by,
				     "compared", outcome->letters[i].trust)) ==
			   0,
		       ERR_LOCAL_MEMORY);
out:
	return e;
}

const struct act_step act_steps_letters[] = {
	{ ask_letters, take_letters },
	{ NULL, NULL },
};

/* Has somebody added this device to the group? */
static enum err ask_whether_added(struct act *act)
{
	act->member = look_is_member(act->whose.device, act->session);
	return act->member ? ERR_OK
			   : act_wants_call(act, "GET", NULL, "/welcomes");
}

static enum err take_whether_added(struct act *act, enum err e)
{
	const json_t *list, *row;
	size_t i;

	TRY(e);
	TRY(act_list(act, "welcomes", &list));
	json_array_foreach(list, i, row)
	{
		const char *session = record_string(row, "session_id");

		act->added |=
		    session != NULL && strcmp(session, act->session) == 0;
	}
out:
	return e;
}

/* A leaf that stands in the group goes by a departure that this device signs. */
static enum err ask_entry(struct act *act)
{
	enum err e = ERR_OK;

	if (!act->added)
		return ERR_OK;
	TRY(act_wants_order(act, ORDER_JOIN, act->session, NULL));
	act->order.declines = true;
out:
	return e;
}

static enum err ask_departure(struct act *act)
{
	if (!act->added && !act->member)
		return ERR_OK;
	return act_wants_order(act, ORDER_LEAVE, act->session, NULL);
}

static enum err ask_decline(struct act *act)
{
	return act_wants_call(act, "DELETE", NULL, "/invitations/%s",
			      act->session);
}

const struct act_step act_steps_decline[] = {
	{ ask_whether_added, take_whether_added },
	{ ask_entry, NULL },
	{ ask_departure, NULL },
	{ ask_decline, NULL },
	{ NULL, NULL },
};
