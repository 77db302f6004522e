#include "device/own_log.h"

#include "device/signer.h"

#include <stdlib.h>
#include <string.h>

#define RECORD "log/own"
#define KEYS "log/keys"

void own_log_free(struct own_log *own)
{
	if (own == NULL)
		return;
	account_log_free(own->log);
	buf_clear(&own->links);
	buf_clear(&own->salt);
	buf_clear(&own->pending);
	buf_clear(&own->withdrawn);
	buf_clear(&own->shown);
	buf_clear(&own->branch);
	json_decref(own->wish);
	free(own);
}

/* ---- the record ---- */

static enum err read_link(const json_t *text, struct buf *links)
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

static enum err read_record(const json_t *record, struct own_log *own)
{
	const json_t *links = json_object_get(record, "links"), *text;
	struct check_verdict verdict;
	size_t i;
	enum err e;

	ENSURE(json_is_array(links), ERR_PEER_MALFORMED);
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
	json_array_foreach(links, i, text) TRY(read_link(text, &own->links));
	verdict = account_log_load(own->log, buf_span(&own->links));
	ENSURE(verdict.wrong == NULL,
	       verdict.local ? ERR_LOCAL_MEMORY : ERR_PEER_MALFORMED);
out:
	return e;
}

enum err own_log_new(struct own_log **own)
{
	*own = calloc(1, sizeof(**own));
	return *own != NULL ? account_log_new(&(*own)->log) : ERR_LOCAL_MEMORY;
}

enum err own_log_load(struct device *d, struct own_log **own)
{
	json_t *record = NULL;
	enum err e;

	TRY(own_log_new(own));
	e = record_get(core_store(d), RECORD, &record);
	if (e == ERR_OK)
		e = read_record(record, *own);
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
out:
	json_decref(record);
	return e;
}

static enum err put_links(const struct own_log *own, json_t *list)
{
	struct rd r = rd_init(buf_span(&own->links));
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	while (rd_left(&r) > 0) {
		buf_reset(&text);
		text_put_base64(&text, rd_vec(&r));
		TRY(buf_end(&text));
		ENSURE(json_array_append_new(
			   list, json_stringn((const char *)text.p, text.n)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	}
out:
	buf_clear(&text);
	return e;
}

enum err own_log_save(struct device *d, const struct own_log *own)
{
	json_t *record = json_object(), *list = json_array();
	enum err e;

	ENSURE(record != NULL && list != NULL, ERR_LOCAL_MEMORY);
	TRY(put_links(own, list));
	ENSURE(json_object_set(record, "links", list) == 0, ERR_LOCAL_MEMORY);
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
out:
	json_decref(list);
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
	while (account_log_next_device(own->log, &position, &device))
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
	struct account_log *log = NULL;
	struct check_verdict verdict = { .wrong = NULL };
	enum err e;

	TRY(account_log_new(&log));
	for (size_t i = 0; i < count && verdict.wrong == NULL; i++)
		verdict = account_log_add(log, links[i]);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL && count > 0 &&
		   account_log_is_named(log, salt, span_str(d->username)),
	       ERR_PEER_INVALID);
	buf_reset(&own->links);
	for (size_t i = 0; i < count; i++)
		buf_put_vec(&own->links, links[i]);
	buf_reset(&own->salt);
	buf_put(&own->salt, salt);
	TRY(buf_end(&own->links));
	TRY(buf_end(&own->salt));
	account_log_free(own->log);
	own->log = log;
	log = NULL;
out:
	account_log_free(log);
	return e;
}

/* That it is good: what nobody would take is not kept, either. */
static enum err check_link(const struct own_log *own)
{
	struct account_log *copy = NULL;
	enum err e;

	TRY(account_log_copy(own->log, &copy));
	ENSURE(account_log_add(copy, buf_span(&own->pending)).wrong == NULL,
	       ERR_LOCAL_BUG);
out:
	account_log_free(copy);
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
	TRY(check_link(own));
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
	struct check_verdict verdict = account_log_add(own->log, link);
	enum err e;

	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_FORK);
	buf_put_vec(&own->links, link);
	TRY(buf_end(&own->links));
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
	struct rd r = rd_init(buf_span(&own->links));
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

	account_log_place(own->log, &place);
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

	account_log_place(own->log, &place);
	*salt = number == 1 ? buf_span(&own->salt) : SPAN_EMPTY;
	if (number <= place.number)
		return own_log_link(own, number);
	return buf_span(&own->pending);
}
