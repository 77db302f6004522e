#include "device/accounts/own_log.h"

#include "device/group/signer.h"

#include <stdlib.h>
#include <string.h>

#define RECORD "log/own"
#define KEYS "log/keys"

void own_log_free(struct own_log *own)
{
	if (own == NULL)
		return;
	loaded_free(own->known);
	buf_clear(&own->salt);
	buf_clear(&own->pending);
	buf_clear(&own->withdrawn);
	buf_clear(&own->shown);
	buf_clear(&own->branch);
	json_decref(own->wish);
	free(own);
}

/* ---- the record ---- */

static enum err put_link(const json_t *text, struct buf *links)
{
	struct buf link = BUF_INIT;
	enum err e;

	ENSURE(json_is_string(text), ERR_PEER_MALFORMED);
	TRY(text_base64(
	    &link, span_of(json_string_value(text), json_string_length(text))));
	TRY(buf_end(&link));
	buf_put_vec(links, buf_span(&link));
	TRY(buf_end(links));
out:
	buf_clear(&link);
	return e;
}

/* As they stood in the record before they had records of their own. */
static enum err read_whole(const json_t *list, struct loaded **known)
{
	struct buf links = BUF_INIT;
	const json_t *text;
	size_t i;
	enum err e = ERR_OK;

	ENSURE(json_is_array(list), ERR_PEER_MALFORMED);
	json_array_foreach(list, i, text) TRY(put_link(text, &links));
	TRY(loaded_links(buf_span(&links), known));
out:
	buf_clear(&links);
	return e;
}

static enum err read_record(struct device *d, const json_t *record,
			    struct own_log *own)
{
	const json_t *list = json_object_get(record, "links");
	struct loaded *known = NULL;
	uint64_t count;
	enum err e;

	TRY(record_bytes(record, "salt", &own->salt));
	TRY(buf_end(&own->salt));
	if (json_object_get(record, "pending") != NULL) {
		TRY(record_bytes(record, "pending", &own->pending));
		TRY(buf_end(&own->pending));
	}
	if (json_object_get(record, "withdrawn") != NULL) {
		TRY(record_bytes(record, "withdrawn", &own->withdrawn));
		TRY(buf_end(&own->withdrawn));
	}
	own->anew = json_is_true(json_object_get(record, "anew"));
	own->wish = json_incref(json_object_get(record, "wish"));
	own->in_pieces = list == NULL;
	if (own->in_pieces) {
		TRY(record_number(record, "count", &count));
		TRY(loaded_get(core_store(d), RECORD, count, &known));
	} else {
		TRY(read_whole(list, &known));
	}
	loaded_free(own->known);
	own->known = known;
out:
	return e;
}

enum err own_log_new(struct own_log **own)
{
	*own = calloc(1, sizeof(**own));
	return *own != NULL ? loaded_new(&(*own)->known) : ERR_LOCAL_MEMORY;
}

/* What the record says of it. */
static enum err copy(const struct own_log *from, struct own_log **own)
{
	struct own_log *made = calloc(1, sizeof(*made));
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	made->known = loaded_share(from->known);
	made->in_pieces = from->in_pieces;
	made->anew = from->anew;
	buf_put(&made->salt, buf_span(&from->salt));
	buf_put(&made->pending, buf_span(&from->pending));
	buf_put(&made->withdrawn, buf_span(&from->withdrawn));
	TRY(buf_end(&made->salt));
	TRY(buf_end(&made->pending));
	TRY(buf_end(&made->withdrawn));
	made->wish = json_deep_copy(from->wish);
	ENSURE(made->wish != NULL || from->wish == NULL, ERR_LOCAL_MEMORY);
	*own = made;
	made = NULL;
out:
	own_log_free(made);
	return e;
}

void own_log_forget(struct device *d)
{
	own_log_free(d->own);
	d->own = NULL;
}

enum err own_log_load(struct device *d, struct own_log **own)
{
	json_t *record = NULL;
	enum err e;

	if (d->own != NULL)
		return copy(d->own, own);
	TRY(own_log_new(own));
	e = record_get(core_store(d), RECORD, &record);
	if (e == ERR_OK)
		e = read_record(d, record, *own);
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
	TRY(e);
	TRY(copy(*own, &d->own));
out:
	json_decref(record);
	return e;
}

enum err own_log_open(struct device *d, struct own_log **own)
{
	enum err e;

	if (d->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(d));
	TRY(own_log_load(d, own));
out:
	return e;
}

enum err own_log_save(struct device *d, const struct own_log *own)
{
	struct account_place end;
	json_t *record;
	enum err e;

	account_log_place(own->known->log, &end);
	record = json_pack("{s:I}", "count", (json_int_t)end.number);
	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(record, "salt", buf_span(&own->salt)));
	if (own->pending.n > 0)
		TRY(record_set_bytes(record, "pending",
				     buf_span(&own->pending)));
	if (own->withdrawn.n > 0)
		TRY(record_set_bytes(record, "withdrawn",
				     buf_span(&own->withdrawn)));
	if (own->wish != NULL)
		ENSURE(json_object_set(record, "wish", own->wish) == 0,
		       ERR_LOCAL_MEMORY);
	if (own->anew)
		ENSURE(json_object_set_new(record, "anew", json_true()) == 0,
		       ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), RECORD, record));
	TRY(loaded_put(core_store(d), RECORD,
		       d->own != NULL && d->own->in_pieces ? d->own->known
							   : NULL,
		       own->known));
	own_log_forget(d);
	TRY(copy(own, &d->own));
	d->own->in_pieces = true;
	if (end.number > 0)
		TRY(grown_note(d, account_log_fingerprint(own->known->log)));
out:
	json_decref(record);
	return e;
}

/* ---- the first link ---- */

/* The signature key that the device has for a suite, one for each scheme. */
static enum err add_signature_key(struct device *d, const struct suite *suite,
				  struct account_keys *keys)
{
	struct signer signer;
	enum err e;

	e = signer_init(&signer, d, suite, &d->offer);
	if (e == ERR_OK)
		e = account_keys_add(keys, suite, sec_span(&signer.private_key),
				     buf_span(&signer.public_key));
	signer_clear(&signer);
	return e == ERR_STATE_CONFLICT ? ERR_OK : e;
}

/* Of each scheme, whatever is offered today: what is offered may change. */
static enum err make_keys(struct device *d, struct account_keys *keys)
{
	static const uint16_t suites[] = {
		SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
		SUITE_X448_AES256GCM_SHA512_ED448,
	};
	const struct device_store *store = core_store(d);
	struct buf record = BUF_INIT;
	enum err e;

	TRY(account_keys_make(d->ports.rng, keys));
	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++)
		TRY(add_signature_key(d, suite_by_id(suites[i]), keys));
	account_keys_save(&record, keys);
	TRY(buf_end(&record));
	TRY(store->put(store->context, KEYS, buf_span(&record)));
out:
	buf_clear(&record);
	return e;
}

enum err own_log_keys(struct device *d, struct account_keys *keys)
{
	const struct device_store *store = core_store(d);
	struct buf record = BUF_INIT;
	enum err e = store->get(store->context, KEYS, &record);

	*keys = (struct account_keys){ .count = 0 };
	if (e == ERR_OK)
		e = account_keys_load(buf_span(&record), keys);
	else if (e == ERR_STATE_GONE)
		e = make_keys(d, keys);
	buf_clear(&record);
	return e;
}

enum err own_log_me(struct device *d, const struct own_log *own,
		    struct account_keys *keys, uint64_t *number)
{
	struct account_device device;
	size_t position = 0;
	enum err e;

	*number = 0;
	TRY(own_log_keys(d, keys));
	while (account_log_next_device(own->known->log, &position, &device))
		if (device.removed == 0 &&
		    span_equal(device.link_key,
			       buf_span(&keys->link.public_key)))
			*number = device.number;
out:
	return e;
}

enum err own_log_adopt(struct device *d, struct own_log *own, struct span salt,
		       const struct span *links, size_t count)
{
	struct loaded *shown = NULL;
	struct check_verdict verdict = { .wrong = NULL };
	enum err e;

	TRY(loaded_new(&shown));
	for (size_t i = 0; i < count && verdict.wrong == NULL; i++)
		verdict = loaded_add(&shown, links[i]);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(
	    verdict.wrong == NULL && count > 0 &&
		account_log_is_named(shown->log, salt, span_str(d->username)),
	    ERR_PEER_INVALID);
	buf_reset(&own->salt);
	buf_put(&own->salt, salt);
	TRY(buf_end(&own->salt));
	loaded_free(own->known);
	own->known = shown;
	shown = NULL;
out:
	loaded_free(shown);
	return e;
}

enum err own_log_begin(struct device *d, struct own_log *own)
{
	uint8_t salt[ACCOUNT_HASH], name[ACCOUNT_HASH];
	struct account_keys keys = { .count = 0 };
	enum err e;

	TRY(rng_fill(d->ports.rng, salt, sizeof(salt)));
	buf_reset(&own->salt);
	buf_put(&own->salt, SPAN_ARRAY(salt));
	TRY(buf_end(&own->salt));
	TRY(account_name_hash(SPAN_ARRAY(salt), span_str(d->username), name));
	TRY(make_keys(d, &keys));
	buf_reset(&own->pending);
	TRY(account_sign_begin(SPAN_ARRAY(name), &keys, NULL, &own->pending));
	/* what nobody would take is not kept, either */
	ENSURE(
	    account_log_judge(own->known->log, buf_span(&own->pending)).wrong ==
		NULL,
	    ERR_LOCAL_BUG);
	TRY(own_log_save(d, own));
out:
	account_keys_clear(&keys);
	if (e != ERR_OK)
		buf_reset(&own->pending);
	return e;
}

/* ---- what the server has ---- */

static enum err take_link(struct own_log *own, struct span link)
{
	struct check_verdict verdict = loaded_add(&own->known, link);
	enum err e = ERR_OK;

	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_FORK);
	if (span_equal(link, buf_span(&own->pending))) {
		buf_reset(&own->pending);
		buf_reset(&own->withdrawn);
		json_decref(own->wish);
		own->wish = NULL;
		own->anew = false;
	}
out:
	return e;
}

/* The link of that number in the log. */
struct span own_log_link(const struct own_log *own, uint64_t number)
{
	struct rd r = rd_init(buf_span(&own->known->links));
	struct span link = SPAN_EMPTY;

	for (uint64_t i = 0; i < number; i++)
		link = rd_vec(&r);
	return link;
}

enum err own_log_take(struct own_log *own, const struct span *links,
		      size_t count)
{
	struct account_place place;
	enum err e = ERR_OK;

	account_log_place(own->known->log, &place);
	if (count == 0)
		return ERR_OK;
	/* whose log it is shows the first link, and nothing else does */
	if (place.number == 0)
		ENSURE(own->pending.n > 0, ERR_STATE_GONE);
	ENSURE(span_equal(links[0], place.number == 0
					? buf_span(&own->pending)
					: own_log_link(own, place.number)),
	       ERR_PEER_FORK);
	for (size_t i = place.number == 0 ? 0 : 1; i < count; i++)
		TRY(take_link(own, links[i]));
out:
	return e;
}

struct span own_log_to_post(const struct own_log *own, struct span *salt)
{
	struct account_place place;
	uint64_t number = own->server_last + 1;

	account_log_place(own->known->log, &place);
	*salt = number == 1 ? buf_span(&own->salt) : SPAN_EMPTY;
	if (number <= place.number)
		return own_log_link(own, number);
	return buf_span(&own->pending);
}
