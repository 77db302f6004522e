/* One's account with its devices, and other people. */
#include "hermetic/account.h"
#include "hermetic/inside.h"

#include "base/text.h"
#include "device/approval.h"
#include "device/record.h"
#include "device/verified.h"
#include "reach/act_run.h"
#include "reach/drive.h"
#include "reach/look.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum err read_log(struct hermetic *h, const char *user)
{
	const struct order meet = { .kind = ORDER_MEET,
				    .users = &user,
				    .user_count = 1 };
	enum err e;

	TRY(drive_session(&h->a, ORDER_ACCOUNT, NULL));
	if (strcmp(user, h->a.username) != 0)
		TRY(drive_order(&h->a, &meet, NULL));
out:
	return e;
}

/* What the server shows is for the person to see, and no failure of looking: two logs, another
 * account, or none any more of one that was closed. */
static bool is_to_be_seen(struct hermetic *h, const char *user, enum err e)
{
	const char *slug = h->a.why.slug;

	return strcmp(slug, "account-forked") == 0 ||
	       strcmp(slug, "identity-changed") == 0 ||
	       (e == ERR_STATE_GONE && view_is_closed(&h->a, user));
}

enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person)
{
	struct hermetic_person *row;
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	if (!text_is_username(span_str(user)))
		return inside_refuse(h, "username", "That is no user name.");
	e = read_log(h, user);
	if (e != ERR_OK && is_to_be_seen(h, user, e)) {
		why_clear(&h->a.why);
		e = ERR_OK;
	}
	TRY(e);
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
	};
	*person = row;
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_compared(struct hermetic *h, const char *user)
{
	INSIDE_OPEN(h);
	return inside_result(h, device_compared(h->a.device, user));
}

enum hermetic_result hermetic_accept(struct hermetic *h, const char *user,
				     const char *fingerprint)
{
	INSIDE_OPEN(h);
	return inside_result(
	    h, look_accept(h->a.device, user, fingerprint, &h->a.why));
}

enum hermetic_result hermetic_verified_only(struct hermetic *h, bool *on)
{
	INSIDE_OPEN(h);
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

static bool has(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

enum hermetic_result hermetic_devices(
    struct hermetic *h, const struct hermetic_own_device *const **list,
    size_t *count)
{
	struct hermetic_own_device *rows;
	json_t *source = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	INSIDE_OPEN(h);
	TRY(act(h, ACT_DEVICES, NULL, &source));
	TRY(inside_list_make(&h->devices, json_incref(source),
			     json_array_size(source), sizeof(*rows)));
	rows = h->devices.rows;
	json_array_foreach(source, i, row) rows[i] =
	    (struct hermetic_own_device){
		    .id = told_text(row, "device_id"),
		    .name = told_text(row, "name"),
		    .number = record_number_or_0(row, "number"),
		    .own = has(row, "own"),
		    .pending = has(row, "pending"),
		    .waits = has(row, "waits"),
		    .ready = has(row, "ready"),
		    .stands = has(row, "stands"),
	    };
	*list = (const struct hermetic_own_device *const *)(void *)
		    h->devices.pointers;
	*count = h->devices.count;
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_approve(struct hermetic *h, const char *code,
				      uint64_t *number)
{
	const struct act_wish wish = { .kind = ACT_APPROVE, .text = code };
	json_t *row = NULL;
	enum err e;

	INSIDE_OPEN(h);
	TRY(act_run(&h->a, &wish, &row));
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
	return inside_result(
	    h, act(h, ACT_LINK, number > 0 ? wanted : NULL, NULL));
}

enum hermetic_result hermetic_refuse(struct hermetic *h, const char *device)
{
	INSIDE_OPEN(h);
	return inside_result(h, act(h, ACT_REFUSE, device, NULL));
}

enum hermetic_result hermetic_revoke(struct hermetic *h, const char *device)
{
	INSIDE_OPEN(h);
	return inside_result(h, act(h, ACT_REVOKE, device, NULL));
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

	INSIDE_OPEN(h);
	return inside_result(h, device_number(h->a.device, &number, has));
}

enum hermetic_result hermetic_recovery_key(
    struct hermetic *h, const struct hermetic_recovery *given, const char **key)
{
	struct act_wish wish = { .kind = ACT_RECOVERY_KEY };
	json_t *made = NULL;
	enum err e;

	INSIDE_OPEN(h);
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
	if (!take_recovery(given, &wish))
		return refuse_recovery(h);
	return inside_result(h, act_run(&h->a, &wish, NULL));
}

/* ---- whom one does not want to hear of ---- */

enum hermetic_result hermetic_blocks(
    struct hermetic *h, const struct hermetic_blocked *const **list,
    size_t *count)
{
	struct hermetic_blocked *rows;
	json_t *source = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	INSIDE_OPEN(h);
	TRY(act(h, ACT_BLOCKS, NULL, &source));
	TRY(inside_list_make(&h->blocks, json_incref(source),
			     json_array_size(source), sizeof(*rows)));
	rows = h->blocks.rows;
	json_array_foreach(source, i, row) rows[i] = (struct hermetic_blocked){
		.username = told_text(row, "username"),
		.fingerprint = inside_text_or_null(row, "fingerprint"),
		.here = has(row, "here"),
	};
	*list =
	    (const struct hermetic_blocked *const *)(void *)h->blocks.pointers;
	*count = h->blocks.count;
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
	return inside_result(h, act(h, ACT_UNBLOCK, user, NULL));
}

enum hermetic_result hermetic_decline(struct hermetic *h, const char *session)
{
	const struct act_wish wish = { .kind = ACT_DECLINE,
				       .session = session };

	INSIDE_OPEN(h);
	return inside_result(h, act_run(&h->a, &wish, NULL));
}
