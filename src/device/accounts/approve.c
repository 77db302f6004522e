/* What a device of the account's log does for others, and for the account
 * (approval.h). */
#include "device/accounts/approval.h"

#include "base/fault.h"
#include "device/accounts/handover.h"
#include "device/accounts/own_log.h"
#include "session/approval.h"

#include <string.h>

/* The device of the log that has the entry's link key, or 0. */
static uint64_t find_entry(const struct own_log *own, struct span bytes)
{
	struct account_device device;
	struct account_entry entry;
	size_t position = 0;

	if (account_link_decode_device(bytes, &entry) != ERR_OK)
		return 0;
	while (account_log_next_device(own->known->log, &position, &device))
		if (device.removed == 0 &&
		    span_equal(device.link_key, entry.link_key))
			return device.number;
	return 0;
}

static enum err explain_wish(struct why *why, enum err e)
{
	if (e == ERR_PEER_DENIED)
		return why_set(why, e, "device-not-in-log",
			       "This device does not stand in its account's "
			       "log: another one has to approve it first.");
	if (e == ERR_PEER_INVALID)
		return why_set(why, e, "link-invalid",
			       "The log of your account does not take this: "
			       "keys that were there before, too many devices, "
			       "or one that has to stay.");
	if (e == ERR_STATE_PENDING)
		return why_set(why, e, "link-kept",
			       "An earlier change of your account has not gone "
			       "out yet: try again.");
	return e;
}

/* ---- approving ---- */

/* The new device and this one have to speak of one account. */
static enum err check_place(const struct own_log *own,
			    const struct approval_place *shown, struct why *why)
{
	struct account_place place = { .number = shown->number };

	memcpy(place.hash, shown->hash.p, sizeof(place.hash));
	if (!span_equal(shown->fingerprint,
			account_log_fingerprint(own->known->log)))
		return why_set(why, ERR_PEER_FORK, "another-account",
			       "The server has shown the new device another "
			       "account than yours under your name. It lies to "
			       "one of the two. Nothing was approved.");
	if (!account_log_has(own->known->log, &place))
		return why_set(why, ERR_PEER_FORK, "account-log-differs",
			       "The server has shown the new device another "
			       "log of your account than this one. Nothing was "
			       "approved.");
	return ERR_OK;
}

static enum err approve(struct device *d, struct own_log *own,
			const struct sec *code, struct span bytes,
			struct why *why)
{
	struct approval_request request;
	json_t *wish = json_pack("{s:s}", "kind", "add");
	enum err e;

	ENSURE(wish != NULL, ERR_LOCAL_MEMORY);
	TRY(approval_request_decode(bytes, &request));
	e = approval_check(code, &request);
	if (!FAULT(APPROVED_WITHOUT_CODE))
		TRY(e);
	TRY(check_place(own, &request.place, why));
	if (find_entry(own, request.entry) > 0)
		goto out; /* a try that was cut off goes on */
	TRY(record_set_bytes(wish, "entry", request.entry));
	TRY(explain_wish(why, own_wish_make(d, own, wish)));
out:
	json_decref(wish);
	return e;
}

enum err device_approve(struct device *device, const struct sec *code,
			struct span request, struct why *why)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	TRY(approve(device, own, code, request, why));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	return e;
}

static enum err answer_with(struct device *d, const struct own_log *own,
			    const struct sec *code, struct span bytes,
			    uint64_t number, struct buf *answer)
{
	uint8_t hash[ACCOUNT_HASH];
	struct buf handover = BUF_INIT;
	struct approval_place place = { .number = number };
	enum err e;

	TRY(account_link_hash(own_log_link(own, number), hash));
	place.fingerprint = account_log_fingerprint(own->known->log);
	place.hash = SPAN_ARRAY(hash);
	TRY(handover_make(d, APPROVAL_HANDOVER_MAX - 64, &handover));
	TRY(buf_end(&handover));
	TRY(approval_grant(code, d->ports.rng, &place, buf_span(&handover),
			   bytes, answer));
out:
	buf_clear(&handover);
	return e;
}

enum err device_answer_request(struct device *device, const struct sec *code,
			       struct span request, struct buf *answer,
			       uint64_t *number)
{
	struct own_log *own = NULL;
	struct approval_request got;
	enum err e;

	*number = 0;
	TRY(own_log_open(device, &own));
	TRY(approval_request_decode(request, &got));
	*number = find_entry(own, got.entry);
	ENSURE(*number > 0, ERR_STATE_GONE);
	TRY(answer_with(device, own, code, request, *number, answer));
out:
	core_end_reading(device);
	membership_clear(&device->open);
	own_log_free(own);
	return e;
}

/* ---- removing ---- */

enum err device_remove_number(struct device *device, uint64_t number,
			      struct why *why)
{
	struct own_log *own = NULL;
	struct account_device found;
	json_t *wish = json_pack("{s:s, s:[I]}", "kind", "remove", "devices",
				 (json_int_t)number);
	enum err e;

	ENSURE(wish != NULL, ERR_LOCAL_MEMORY);
	TRY(own_log_open(device, &own));
	ENSURE(account_log_device(own->known->log, number, &found) &&
		   found.removed == 0,
	       ERR_STATE_GONE);
	TRY(explain_wish(why, own_wish_make(device, own, wish)));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	json_decref(wish);
	return e;
}

/* ---- closing ---- */

enum err device_close_account(struct device *device, struct why *why)
{
	json_t *wish = json_pack("{s:s}", "kind", "close");
	struct own_log *own = NULL;
	enum err e;

	ENSURE(wish != NULL, ERR_LOCAL_MEMORY);
	TRY(own_log_open(device, &own));
	if (account_log_closed(own->known->log) != 0)
		goto out;
	TRY(explain_wish(why, own_wish_make(device, own, wish)));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	json_decref(wish);
	return e;
}

enum err device_account_is_closed(struct device *device, bool *closed)
{
	struct own_log *own = NULL;
	enum err e;

	*closed = false;
	TRY(own_log_open(device, &own));
	*closed = account_log_closed(own->known->log) != 0 ||
		  (FAULT(CLOSED_BY_WISH) && own->pending.n > 0);
out:
	core_end_reading(device);
	own_log_free(own);
	return e;
}

/* ---- the recovery key ---- */

static enum err check_old(const struct own_log *own,
			  const struct account_pair *old, bool unsigned_too,
			  struct why *why)
{
	struct span standing = account_log_recovery(own->known->log);
	struct own_stood stood = { .number = 0 };
	enum err e = ERR_OK;

	if (old != NULL)
		TRY(own_branch_stood(own, buf_span(&old->public_key), &stood));
	TRY(own_branch_may_recover(&stood, why));
	if (old != NULL && !span_equal(standing, buf_span(&old->public_key)))
		return why_set(why, ERR_PEER_INVALID, "recovery-key",
			       "This is not the recovery key that your account "
			       "has. Nothing was changed.");
	if (old == NULL && standing.n > 0 && !unsigned_too)
		return why_set(
		    why, ERR_STATE_CONFLICT, "recovery-key-stands",
		    "Your account has a recovery key, which is wanted for "
		    "this. One that is lost can be replaced; then everybody "
		    "who has compared numbers with you has to do it again.");
out:
	return e;
}

/* Signed by the old one, so it cannot be made again where it loses its number. */
static enum err recover_by_old(struct device *d, struct own_log *own,
			       const struct account_pair *recovery,
			       const struct account_pair *old)
{
	struct account_signer by = {
		.device = ACCOUNT_RECOVERY_SIGNER,
		.private_key = sec_span(&old->private_key),
	};
	enum err e;

	ENSURE(own->pending.n == 0, ERR_STATE_PENDING);
	TRY(account_sign_recover(own->known->log, &by, recovery, SPAN_EMPTY,
				 &own->pending));
	TRY(own_log_save(d, own));
out:
	return e;
}

static enum err recover_by_device(struct device *d, struct own_log *own,
				  const struct account_pair *recovery)
{
	json_t *wish = json_pack("{s:s}", "kind", "recover");
	struct buf entry = BUF_INIT;
	enum err e;

	ENSURE(wish != NULL, ERR_LOCAL_MEMORY);
	TRY(account_sign_recovery(account_log_fingerprint(own->known->log),
				  recovery, &entry));
	TRY(record_set_bytes(wish, "recovery", buf_span(&entry)));
	TRY(own_wish_make(d, own, wish));
out:
	json_decref(wish);
	buf_clear(&entry);
	return e;
}

enum err device_set_recovery(struct device *device,
			     const struct recovery_change *change,
			     struct why *why)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	TRY(check_old(own, change->old, change->unsigned_too, why));
	if (change->old != NULL)
		e = recover_by_old(device, own, change->recovery, change->old);
	else
		e = recover_by_device(device, own, change->recovery);
	TRY(explain_wish(why, e));
	if (!change->try)
		TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	return e;
}

/* ---- what came of it ---- */

enum err device_recovery_stands(struct device *device, struct span public_key,
				struct why *why)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	if (!span_equal(account_log_recovery(own->known->log), public_key))
		e = why_set(why, ERR_STATE_CONFLICT, "recovery-key-overtaken",
			    "Another device has changed the account meanwhile: "
			    "the recovery key that was shown does not count. "
			    "Make another one.");
out:
	core_end_reading(device);
	own_log_free(own);
	return e;
}

enum err device_numbers(struct device *device,
			uint64_t numbers[ACCOUNT_DEVICES_MAX], size_t *count)
{
	struct own_log *own = NULL;
	struct account_device found;
	size_t position = 0;
	enum err e;

	*count = 0;
	TRY(own_log_open(device, &own));
	while (*count < ACCOUNT_DEVICES_MAX &&
	       account_log_next_device(own->known->log, &position, &found))
		if (found.removed == 0)
			numbers[(*count)++] = found.number;
out:
	core_end_reading(device);
	own_log_free(own);
	return e;
}
