/* One's account with its devices, and other people. */
#include "hermetic/account.h"
#include "hermetic/inside.h"

#include "base/text.h"
#include "device/accounts/approval.h"
#include "device/accounts/verified.h"
#include "device/record.h"
#include "reach/act_run.h"
#include "reach/drive.h"
#include "reach/look.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the device finds in what the server shows is for the person to see, and no failure of
 * looking: two logs, or another account. The server's own refusals say nothing about a
 * log. */
static enum err be_seen(struct hermetic *h, enum err e)
{
	const char *slug = h->a.why.slug;

	if (e != ERR_PEER_FORK || (strcmp(slug, "account-forked") != 0 &&
				   strcmp(slug, "own-account-forked") != 0 &&
				   strcmp(slug, "identity-changed") != 0))
		return e;
	h->odd = h->a.why;
	why_clear(&h->a.why);
	return ERR_OK;
}

static enum err read_log(struct hermetic *h, const char *user)
{
	const struct order meet = { .kind = ORDER_MEET,
				    .users = &user,
				    .user_count = 1 };
	bool is_own = strcmp(user, h->a.username) == 0;
	enum err e = drive_session(&h->a, ORDER_ACCOUNT, NULL);

	why_clear(&h->odd);
	if (is_own)
		return be_seen(h, e);
	TRY(e);
	e = drive_order(&h->a, &meet, NULL);
	/* none any more, of one that was closed */
	if (e == ERR_STATE_GONE && view_is_closed(&h->a, user)) {
		why_clear(&h->a.why);
		e = ERR_OK;
	}
	e = be_seen(h, e);
out:
	return e;
}

enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person)
{
	struct hermetic_person *row;
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	INSIDE_TAKES(h, ARGUMENT_POINTER, person);
	TRY(read_log(h, user));
	TRY(view_person(&h->a, user, &source));
	if (source == NULL)
		TRY(inside_no_log(&h->a.why, user));
	TRY(inside_list_make(&h->people, source, 1, sizeof(*row)));
	row = h->people.rows;
	*row = (struct hermetic_person){
		.username = told_text(source, "username"),
		.digits = told_text(source, "digits"),
		.compared = inside_comparison(source),
		.closed = json_is_true(json_object_get(source, "closed")),
		.forked = json_is_true(json_object_get(source, "forked")),
		.other_digits = inside_text_or_null(source, "other_digits"),
		.other_fingerprint =
		    inside_text_or_null(source, "other_fingerprint"),
		.why = h->odd.text[0] != '\0' ? h->odd.text : NULL,
		.slug = h->odd.text[0] != '\0' ? h->odd.slug : NULL,
	};
	inside_give(h, source);
	*person = row;
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_compared(struct hermetic *h, const char *user)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	return inside_result(h, inside_compared(&h->a.why, h->a.device, user));
}

enum hermetic_result hermetic_accept(struct hermetic *h, const char *user,
				     const char *fingerprint)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	INSIDE_TAKES(h, ARGUMENT_TEXT, fingerprint);
	return inside_result(
	    h, look_accept(h->a.device, user, fingerprint, &h->a.why));
}

enum hermetic_result hermetic_verified_only(struct hermetic *h, bool *on)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, on);
	return inside_result(h, device_verified_only(h->a.device, on));
}

enum hermetic_result hermetic_set_verified_only(struct hermetic *h, bool on)
{
	INSIDE_OPEN(h);
	return inside_result(h, device_set_verified_only(h->a.device, on));
}

/* ---- one's devices ---- */

static enum err act(struct hermetic *h, enum act_kind kind, const char *whom,
		    json_t **value)
{
	const struct act_wish wish = { .kind = kind, .whom = whom };

	return act_run(&h->a, &wish, value);
}

/* The same of an act whose value is for hermetic_json() alone. */
static enum hermetic_result act_and_give(struct hermetic *h, enum act_kind kind,
					 const char *whom)
{
	json_t *value = NULL;
	enum err e = act(h, kind, whom, &value);

	inside_give(h, value);
	json_decref(value);
	return inside_result(h, e);
}

static bool has(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

static void read_device(const json_t *row, void *out)
{
	*(struct hermetic_own_device *)out = (struct hermetic_own_device){
		.id = told_text(row, "device_id"),
		.name = told_text(row, "name"),
		.number = record_number_or_0(row, "number"),
		.own = has(row, "own"),
		.pending = has(row, "pending"),
		.waits = has(row, "waits"),
		.ready = has(row, "ready"),
		.stands = has(row, "stands"),
	};
}

enum hermetic_result hermetic_devices(
    struct hermetic *h, const struct hermetic_own_device *const **list,
    size_t *count)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(act(h, ACT_DEVICES, NULL, &source));
	inside_give(h, source);
	TRY(inside_list_read(&h->devices, source, source,
			     sizeof(struct hermetic_own_device), read_device));
	*list = inside_list_give(&h->devices, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_someone_waits(struct hermetic *h, bool *waits)
{
	json_t *requests = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, waits);
	TRY(inside_ask_requests(h, &requests));
	*waits = json_array_size(requests) > 0;
out:
	json_decref(requests);
	return inside_result(h, e);
}

enum hermetic_result hermetic_approve(struct hermetic *h, const char *code,
				      uint64_t *number)
{
	const struct act_wish wish = { .kind = ACT_APPROVE, .text = code };
	json_t *row = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_TEXT, code);
	TRY(act_run(&h->a, &wish, &row));
	inside_give(h, row);
	if (number != NULL)
		*number = record_number_or_0(row, "number");
out:
	json_decref(row);
	return inside_result(h, e);
}

enum hermetic_result hermetic_link(struct hermetic *h, uint64_t number)
{
	char wanted[24];

	INSIDE_OPEN(h);
	(void)snprintf(wanted, sizeof(wanted), "%" PRIu64, number);
	return act_and_give(h, ACT_LINK, number > 0 ? wanted : NULL);
}

enum hermetic_result hermetic_refuse(struct hermetic *h, const char *device)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_TEXT, device);
	return act_and_give(h, ACT_REFUSE, device);
}

enum hermetic_result hermetic_revoke(struct hermetic *h, const char *device)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_TEXT, device);
	return act_and_give(h, ACT_REVOKE, device);
}

/* ---- the recovery key ---- */

static bool take_recovery(const void *given, struct act_wish *wish)
{
	struct hermetic_recovery recovery = { 0 };

	if (given != NULL && !inside_take(&recovery, sizeof(recovery), given))
		return false;
	wish->whom = recovery.standing;
	wish->replace = recovery.replace;
	return true;
}

static enum hermetic_result refuse_recovery(struct hermetic *h)
{
	return inside_refuse(h, "usage",
			     "struct hermetic_recovery wants its size.");
}

enum hermetic_result hermetic_has_recovery_key(struct hermetic *h, bool *has)
{
	uint64_t number;
	json_t *given;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, has);
	TRY(device_number(h->a.device, &number, has));
	given = json_pack("{s:I, s:b}", "number", (json_int_t)number,
			  "recovery", (int)*has);
	inside_give(h, given);
	json_decref(given);
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_recovery_key(
    struct hermetic *h, const struct hermetic_recovery *given, const char **key)
{
	struct act_wish wish = { .kind = ACT_RECOVERY_KEY };
	json_t *made = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, key);
	if (!take_recovery(given, &wish))
		return refuse_recovery(h);
	TRY(act_run(&h->a, &wish, &made));
	buf_reset(&h->recovery_key);
	buf_put_str(&h->recovery_key, told_text(made, "recovery_key"));
	buf_put_u8(&h->recovery_key, 0);
	TRY(buf_end(&h->recovery_key));
	*key = (const char *)h->recovery_key.p;
out:
	json_decref(made);
	return inside_result(h, e);
}

enum hermetic_result hermetic_set_recovery_key(
    struct hermetic *h, const char *key, const struct hermetic_recovery *given)
{
	struct act_wish wish = { .kind = ACT_RECOVERY, .text = key };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_TEXT, key);
	if (!take_recovery(given, &wish))
		return refuse_recovery(h);
	return inside_result(h, act_run(&h->a, &wish, NULL));
}

/* ---- whom one does not want to hear of ---- */

static void read_blocked(const json_t *row, void *out)
{
	*(struct hermetic_blocked *)out = (struct hermetic_blocked){
		.username = told_text(row, "username"),
		.fingerprint = inside_text_or_null(row, "fingerprint"),
		.here = has(row, "here"),
	};
}

enum hermetic_result hermetic_blocks(
    struct hermetic *h, const struct hermetic_blocked *const **list,
    size_t *count)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(act(h, ACT_BLOCKS, NULL, &source));
	inside_give(h, source);
	TRY(inside_list_read(&h->blocks, source, source,
			     sizeof(struct hermetic_blocked), read_blocked));
	*list = inside_list_give(&h->blocks, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_block(struct hermetic *h, const char *user,
				    bool *known)
{
	json_t *said = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	TRY(act(h, ACT_BLOCK, user, &said));
	if (known != NULL)
		*known = has(said, "known");
out:
	json_decref(said);
	return inside_result(h, e);
}

enum hermetic_result hermetic_unblock(struct hermetic *h, const char *user)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	return inside_result(h, act(h, ACT_UNBLOCK, user, NULL));
}

enum hermetic_result hermetic_decline(struct hermetic *h, const char *session)
{
	const struct act_wish wish = { .kind = ACT_DECLINE,
				       .session = session };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	return inside_result(h, act_run(&h->a, &wish, NULL));
}
