/* device_person(), device_compared(), device_accept() */
#include "device/accounts/met.h"
#include "device/accounts/own_log.h"
#include "session/safety.h"

#include <string.h>

/* What every log says. */
static enum err describe(const struct account_log *log, const char *username,
			 json_t *made)
{
	char digits[SAFETY_SIZE];
	struct account_place place;
	enum err e;

	account_log_place(log, &place);
	ENSURE(place.number > 0, ERR_STATE_GONE);
	TRY(safety_fingerprint(account_log_fingerprint(log), digits));
	TRY(record_set_hex(made, "fingerprint", account_log_fingerprint(log)));
	TRY(record_set_hex(made, "hash", SPAN_ARRAY(place.hash)));
	ENSURE(
	    json_object_set_new(made, "username", json_string(username)) == 0 &&
		json_object_set_new(made, "digits", json_string(digits)) == 0 &&
		json_object_set_new(made, "number",
				    json_integer((json_int_t)place.number)) ==
		    0 &&
		json_object_set_new(
		    made, "closed",
		    json_boolean(account_log_closed(log) != 0)) == 0 &&
		json_object_set_new(
		    made, "devices",
		    json_integer((json_int_t)account_log_standing(log))) == 0,
	    ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err describe_own(struct device *d, json_t *made)
{
	struct own_log *own = NULL;
	enum err e;

	TRY(own_log_load(d, &own));
	TRY(describe(own->known->log, d->username, made));
	ENSURE(json_object_set_new(made, "own", json_true()) == 0 &&
		   json_object_set_new(
		       made, "recovery",
		       json_boolean(account_log_recovery(own->known->log).n >
				    0)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	own_log_free(own);
	return e;
}

/* What the person compares before it is accepted. */
static enum err describe_other(struct device *d, const char *username,
			       json_t *made)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	char digits[SAFETY_SIZE];
	bool other = false;
	enum err e;

	TRY(met_other(d, username, &other, fingerprint));
	ENSURE(json_object_set_new(made, "other", json_boolean(other)) == 0,
	       ERR_LOCAL_MEMORY);
	if (!other)
		goto out;
	TRY(safety_fingerprint(SPAN_ARRAY(fingerprint), digits));
	TRY(record_set_hex(made, "other_fingerprint", SPAN_ARRAY(fingerprint)));
	ENSURE(json_object_set_new(made, "other_digits", json_string(digits)) ==
		   0,
	       ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err describe_met(struct device *d, const char *username,
			     json_t *made)
{
	struct met *met = NULL;
	enum err e;

	TRY(met_find(d, username, &met));
	TRY(describe(met->known->log, username, made));
	ENSURE(json_object_set_new(made, "own", json_false()) == 0 &&
		   json_object_set_new(
		       made, "compared",
		       json_string(met_trust_text(met_trust(met)))) == 0 &&
		   json_object_set_new(made, "forked",
				       json_boolean(met->forked)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(describe_other(d, username, made));
out:
	met_free(met);
	return e;
}

enum err device_person(struct device *device, const char *username,
		       struct buf *json)
{
	json_t *made = json_object();
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(core_begin(device));
	if (strcmp(username, device->username) == 0)
		e = describe_own(device, made);
	else
		e = describe_met(device, username, made);
	core_end_reading(device);
	TRY(e);
	TRY(record_print(made, json));
out:
	json_decref(made);
	return e;
}

enum err device_compared(struct device *device, const char *username)
{
	struct met *met = NULL;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(met_find(device, username, &met));
	TRY(met_compare(device, met));
	TRY(core_commit(device));
out:
	core_rollback(device);
	met_free(met);
	return e;
}

enum err device_accept(struct device *device, const char *username,
		       const char *fingerprint)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(text_hex(&bytes, span_str(fingerprint)));
	TRY(buf_end(&bytes));
	TRY(core_begin(device));
	TRY(met_accept(device, username, buf_span(&bytes)));
	TRY(core_commit(device));
out:
	core_rollback(device);
	buf_clear(&bytes);
	return e;
}
