/* Coming into an account's log, and letting others in (approval.h). */
#include "device/accounts/approval.h"

#include "device/accounts/handover.h"
#include "device/accounts/own_log.h"
#include "session/approval.h"

#include <string.h>

#define RECORD "approval" /* {secret, request}: of a device that waits */

/* ---- what they share ---- */

static enum err explain_shown(struct why *why, enum err e)
{
	if (e != ERR_PEER_INVALID)
		return e;
	return why_set(why, e, "account-log-invalid",
		       "What the server shows as the log of your account is "
		       "wrong, or another name's. Nothing was changed.");
}

enum err device_number(struct device *device, uint64_t *number, bool *recovery)
{
	struct account_keys keys = { .count = 0 };
	struct own_log *own = NULL;
	struct account_place place = { .number = 0 };
	enum err e;

	*number = 0;
	TRY(own_log_open(device, &own));
	account_log_place(own->known->log, &place);
	*recovery = account_log_recovery(own->known->log).n > 0;
	if (place.number > 0)
		TRY(own_log_me(device, own, &keys, number));
out:
	core_end_reading(device);
	account_keys_clear(&keys);
	own_log_free(own);
	return e;
}

/* Appends this device's entry for the account whose log that is. */
static enum err put_entry(struct device *d, const struct own_log *own,
			  struct account_keys *keys, struct buf *entry)
{
	enum err e;

	TRY(own_log_keys(d, keys));
	TRY(account_sign_device(account_log_fingerprint(own->known->log), keys,
				entry));
	TRY(buf_end(entry));
out:
	return e;
}

/* Appends the request for the end of the log. */
static enum err put_request(const struct own_log *own, const struct sec *code,
			    struct span entry, struct buf *request)
{
	struct account_place end;
	struct approval_place place;

	account_log_place(own->known->log, &end);
	place = (struct approval_place){
		.fingerprint = account_log_fingerprint(own->known->log),
		.number = end.number,
		.hash = SPAN_ARRAY(end.hash),
	};
	return approval_ask(code, &place, entry, request);
}

/* ---- a new device asks ---- */

static enum err load_request(struct device *d, struct sec *code,
			     struct buf *request)
{
	struct buf secret = BUF_INIT;
	json_t *record = NULL;
	enum err e;

	TRY(record_get(core_store(d), RECORD, &record));
	TRY(record_bytes(record, "secret", &secret));
	TRY(record_bytes(record, "request", request));
	TRY(buf_end(&secret));
	TRY(buf_end(request));
	ENSURE(secret.n == CODE_BYTES, ERR_PEER_MALFORMED);
	TRY(sec_set(code, buf_span(&secret)));
out:
	json_decref(record);
	buf_clear(&secret);
	return e;
}

static enum err save_request(struct device *d, const struct sec *code,
			     struct span request)
{
	json_t *record = json_object();
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(record, "secret", sec_span(code)));
	TRY(record_set_bytes(record, "request", request));
	TRY(record_put(core_store(d), RECORD, record));
out:
	json_decref(record);
	return e;
}

/* Was it made for the account whose log that is? */
static bool is_for(const struct own_log *own, struct span request)
{
	struct approval_request made;

	return approval_request_decode(request, &made) == ERR_OK &&
	       span_equal(made.place.fingerprint,
			  account_log_fingerprint(own->known->log));
}

static enum err make_request(struct device *d, const struct own_log *own,
			     struct sec *code, struct buf *request)
{
	struct account_keys keys = { .count = 0 };
	struct buf entry = BUF_INIT;
	enum err e = load_request(d, code, request);

	if (e == ERR_OK && is_for(own, buf_span(request)))
		return ERR_OK;
	if (e != ERR_OK && e != ERR_STATE_GONE)
		return e;
	buf_reset(request);
	TRY(put_entry(d, own, &keys, &entry));
	TRY(code_make(d->ports.rng, code));
	TRY(put_request(own, code, buf_span(&entry), request));
	TRY(save_request(d, code, buf_span(request)));
out:
	account_keys_clear(&keys);
	buf_clear(&entry);
	return e;
}

enum err device_ask_approval(struct device *device,
			     const struct account_shown *shown,
			     struct buf *request, char code[CODE_SIZE],
			     struct why *why)
{
	struct own_log *own = NULL;
	struct sec secret = { 0 };
	enum err e;

	code[0] = '\0';
	TRY(own_log_open(device, &own));
	e = own_log_adopt(device, own, shown->salt, shown->links, shown->count);
	TRY(explain_shown(why, e));
	TRY(make_request(device, own, &secret, request));
	TRY(core_commit(device));
	code_write(&secret, code);
out:
	core_rollback(device);
	own_log_free(own);
	sec_clear(&secret);
	return e;
}

/* ---- and is answered ---- */

static enum err explain_answer(struct why *why, enum err e)
{
	if (e == ERR_PEER_CRYPTO || err_class(e) == ERR_CLASS_PEER)
		return why_set(why, ERR_PEER_CRYPTO, "approval-forged",
			       "The server delivered an approval that nobody "
			       "who has the code has made. It may want to give "
			       "this device an account of its own making. "
			       "Nothing was taken.");
	return e;
}

/* The log that the answer is about, in which this device stands. */
static enum err check_shown(struct device *d, const struct own_log *own,
			    const struct approval_answer *answer,
			    struct span request)
{
	struct account_place place = { .number = answer->place.number };
	struct account_keys keys = { .count = 0 };
	uint64_t number = 0;
	enum err e;

	memcpy(place.hash, answer->place.hash.p, sizeof(place.hash));
	ENSURE(span_equal(answer->place.fingerprint,
			  account_log_fingerprint(own->known->log)) &&
		   is_for(own, request) &&
		   account_log_has(own->known->log, &place),
	       ERR_PEER_FORK);
	TRY(own_log_me(d, own, &keys, &number));
	ENSURE(number == place.number, ERR_PEER_FORK);
out:
	account_keys_clear(&keys);
	return e;
}

static enum err take_answer(struct device *d, struct own_log *own,
			    struct span bytes,
			    const struct account_shown *shown, struct why *why)
{
	const struct device_store *store = core_store(d);
	struct buf request = BUF_INIT, handover = BUF_INIT;
	struct approval_answer answer;
	struct sec code = { 0 };
	enum err e;

	TRY(load_request(d, &code, &request));
	e = approval_answer_decode(bytes, &answer);
	if (e == ERR_OK)
		e = approval_open(&code, &answer, buf_span(&request),
				  &handover);
	TRY(explain_answer(why, e));
	e = own_log_adopt(d, own, shown->salt, shown->links, shown->count);
	if (e == ERR_OK)
		e = check_shown(d, own, &answer, buf_span(&request));
	if (err_class(e) == ERR_CLASS_PEER)
		e = why_set(why, ERR_PEER_FORK, "account-log-differs",
			    "The server shows another log of your account than "
			    "the device that has approved this one. Nothing "
			    "was taken.");
	TRY(e);
	buf_reset(&own->pending);
	TRY(own_log_save(d, own));
	TRY(handover_take(d, buf_span(&handover)));
	TRY(store->remove(store->context, RECORD));
out:
	sec_clear(&code);
	buf_clear(&request);
	buf_clear(&handover);
	return e;
}

enum err device_take_approval(struct device *device, struct span answer,
			      const struct account_shown *shown,
			      struct why *why)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	TRY(take_answer(device, own, answer, shown, why));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	return e;
}

/* ---- by the recovery key ---- */

/* Where a device has replaced the key without its signature, a branch of before that
 * counts: it is in the log then, and the server has yet to take it. */
static enum err sign_in(struct device *d, struct own_log *own,
			const struct account_pair *recovery, struct span entry,
			struct why *why)
{
	struct span key = buf_span(&recovery->public_key);
	const struct account_signer by = {
		.device = ACCOUNT_RECOVERY_SIGNER,
		.private_key = sec_span(&recovery->private_key),
	};
	struct own_stood stood;
	enum err e;

	buf_reset(&own->pending);
	if (span_equal(account_log_recovery(own->known->log), key))
		return account_sign_add(own->known->log, &by, entry, SPAN_EMPTY,
					&own->pending);
	TRY(own_branch_stood(own, key, &stood));
	TRY(own_branch_may_recover(&stood, why));
	if (stood.number == 0)
		return why_set(why, ERR_PEER_INVALID, "recovery-key",
			       "This is not the recovery key of the account "
			       "that the server shows under your name. Nothing "
			       "was changed.");
	TRY(own_branch_recover(d, own, recovery, &stood, entry));
out:
	return e;
}

static enum err add_by_recovery(struct device *d, struct own_log *own,
				const struct account_pair *recovery,
				struct buf *request, struct why *why)
{
	struct account_keys keys = { .count = 0 };
	struct buf entry = BUF_INIT;
	struct sec code = { 0 };
	enum err e;

	TRY(put_entry(d, own, &keys, &entry));
	TRY(sign_in(d, own, recovery, buf_span(&entry), why));
	TRY(code_make(d->ports.rng, &code)); /* nobody is asked */
	TRY(put_request(own, &code, buf_span(&entry), request));
	TRY(own_log_save(d, own));
out:
	sec_clear(&code);
	account_keys_clear(&keys);
	buf_clear(&entry);
	return e;
}

enum err device_recover(struct device *device,
			const struct account_pair *recovery,
			const struct account_shown *shown, struct buf *request,
			struct why *why)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	e = own_log_adopt(device, own, shown->salt, shown->links, shown->count);
	TRY(explain_shown(why, e));
	TRY(add_by_recovery(device, own, recovery, request, why));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	return e;
}

enum err device_begin_anew(struct device *device)
{
	struct own_log *own = NULL, *fresh = NULL;
	enum err e;

	TRY(own_log_open(device, &own));
	if (own->anew) /* a try that was cut off goes on */
		goto out;
	TRY(own_log_new(&fresh));
	fresh->anew = true;
	TRY(own_log_begin(device, fresh));
	TRY(core_commit(device));
out:
	core_rollback(device);
	own_log_free(own);
	own_log_free(fresh);
	return e;
}
