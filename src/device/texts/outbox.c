#include "device/texts/outbox.h"

#include "crypto/hash.h"
#include "device/group/signer.h"
#include "device/texts/attached.h"
#include "device/texts/content.h"
#include "device/texts/entry.h"
#include "device/texts/outbox_keys.h"
#include "device/texts/said.h"
#include "wire/envelope.h"

#include <stdio.h>
#include <string.h>

#define PLACES_MAX 64

static json_t *list_of(const struct membership *m)
{
	return json_object_get(m->notes, "outbox");
}

const json_t *outbox_find_item(const struct membership *m, uint64_t item)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list_of(m), i,
			   row) if (record_number_or_0(row, "item") ==
				    item) return row;
	return NULL;
}

/* ---- what waits for the person ---- */

void outbox_hold(struct membership *m)
{
	uint64_t last = record_number_or_0(m->notes, "item");

	if (outbox_waits(m))
		(void)json_object_set_new(m->notes, "held",
					  json_integer((json_int_t)last));
}

bool outbox_is_held(const struct membership *m, const json_t *item)
{
	return record_number_or_0(item, "item") <=
	       record_number_or_0(m->notes, "held");
}

bool outbox_let_go(struct membership *m)
{
	return json_object_del(m->notes, "held") == 0;
}

/* ---- items ---- */

enum err outbox_put(struct device *d, struct span content, uint64_t expires_ms,
		    const char *key, uint64_t *item)
{
	struct membership *m = &d->open;
	json_t *list = list_of(m), *made = NULL;
	enum err e;

	if (list == NULL) {
		list = json_array();
		ENSURE(json_object_set_new(m->notes, "outbox", list) == 0,
		       ERR_LOCAL_MEMORY);
	}
	*item = record_number_or_0(m->notes, "item") + 1;
	made = json_pack("{s:I, s:I}", "item", (json_int_t)*item, "queued_at",
			 (json_int_t)core_now_ms(d));
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(made, "content", content));
	if (expires_ms > 0)
		(void)json_object_set_new(made, "expires_at",
					  json_integer((json_int_t)expires_ms));
	if (key != NULL) {
		(void)json_object_set_new(made, "key", json_string(key));
		TRY(outbox_keys_put(d, key, content, *item));
	}
	ENSURE(json_array_append(list, made) == 0, ERR_LOCAL_MEMORY);
	(void)json_object_set_new(m->notes, "item",
				  json_integer((json_int_t)*item));
out:
	json_decref(made);
	return e;
}

enum err outbox_name_file(struct membership *m, uint64_t item, struct uuid file)
{
	json_t *row = (json_t *)(uintptr_t)outbox_find_item(m, item);
	struct buf text = BUF_INIT;
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_BUG);
	uuid_put(&text, file);
	TRY(buf_end(&text));
	TRY(record_set_text(row, "file", buf_span(&text)));
out:
	buf_clear(&text);
	return e;
}

json_t *outbox_next(const struct membership *m, size_t *at)
{
	json_t *list = list_of(m);

	for (; *at < json_array_size(list); (*at)++) {
		json_t *item = json_array_get(list, *at);

		if (json_object_get(item, "refused") == NULL)
			return item;
	}
	return NULL;
}

bool outbox_is_empty(const struct membership *m)
{
	return json_array_size(list_of(m)) == 0;
}

bool outbox_waits(const struct membership *m)
{
	size_t at = 0;

	return outbox_next(m, &at) != NULL;
}

/* The place in the MLS session's outbox; false when it is not sealed. */
static bool find_sealed(const struct membership *m, const json_t *item,
			size_t *index, struct session_sent *sent)
{
	struct buf nonce = BUF_INIT;
	const char *text = record_string(item, "nonce");
	bool found = false;

	if (text == NULL || text_hex(&nonce, span_str(text)) != ERR_OK)
		return false;
	for (*index = 0; session_outbox(m->session, *index, sent); (*index)++) {
		found = span_equal(sent->nonce, buf_span(&nonce));
		if (found)
			break;
	}
	buf_clear(&nonce);
	return found;
}

enum err outbox_envelope(const struct membership *m, const json_t *item,
			 struct span *envelope, uint64_t *epoch)
{
	struct session_sent sent;
	size_t index;

	if (!find_sealed(m, item, &index, &sent))
		return ERR_STATE_GONE;
	*envelope = sent.envelope;
	*epoch = sent.epoch;
	return ERR_OK;
}

uint64_t outbox_sealed_ms(const struct membership *m, const json_t *item)
{
	struct session_sent sent;
	size_t index;

	return find_sealed(m, item, &index, &sent) ? envelope_time(sent.nonce)
						   : 0;
}

static enum err seal(struct device *d, const json_t *item,
		     const struct signer *signer, uint8_t *nonce)
{
	struct session *session = d->open.session;
	struct buf content = BUF_INIT, envelope = BUF_INIT;
	struct session_sent sent;
	size_t index;
	enum err e;

	if (find_sealed(&d->open, item, &index, &sent)) {
		TRY(session_reseal(session, &signer->me, core_now_ms(d), index,
				   &envelope, nonce));
		goto out;
	}
	TRY(record_bytes(item, "content", &content));
	TRY(buf_end(&content));
	TRY(session_send(session, &signer->me, core_now_ms(d),
			 buf_span(&content), &envelope, nonce));
out:
	buf_clear(&content);
	buf_clear(&envelope);
	return e;
}

enum err outbox_seal(struct device *d, json_t *item)
{
	uint8_t nonce[SESSION_NONCE];
	struct signer signer;
	enum err e;

	TRY(signer_of_session(&signer, d));
	TRY(seal(d, item, &signer, nonce));
	TRY(record_set_hex(item, "nonce", SPAN_ARRAY(nonce)));
	(void)json_object_set_new(
	    item, "view",
	    json_integer((json_int_t)session_seq(d->open.session)));
	(void)json_object_del(item, "content");
out:
	signer_clear(&signer);
	return e;
}

bool outbox_is_over(const struct device *d, const json_t *item)
{
	uint64_t ends = record_number_or_0(item, "expires_at");

	return ends > 0 && ends <= core_now_ms(d);
}

void outbox_set_quiet(struct membership *m, uint64_t item, const char *kind)
{
	json_t *row;
	size_t i;

	json_array_foreach(list_of(m), i, row)
	{
		if (record_number_or_0(row, "item") == item)
			(void)json_object_set_new(row, "quiet",
						  json_string(kind));
	}
}

bool outbox_is_quiet(const json_t *item)
{
	return json_object_get(item, "quiet") != NULL;
}

const json_t *outbox_find_quiet(const struct membership *m, const char *kind)
{
	const char *quiet;
	const json_t *item;

	for (size_t at = 0; (item = outbox_next(m, &at)) != NULL; at++) {
		quiet = record_string(item, "quiet");
		if (quiet != NULL && strcmp(quiet, kind) == 0)
			return item;
	}
	return NULL;
}

void outbox_forget_quiet(struct membership *m)
{
	json_t *list = list_of(m);

	for (size_t i = json_array_size(list); i-- > 0;) {
		json_t *row = json_array_get(list, i);
		struct session_sent sent;
		size_t index;

		if (!outbox_is_quiet(row) ||
		    json_object_get(row, "refused") == NULL ||
		    !find_sealed(m, row, &index, &sent) ||
		    sent.epoch == session_epoch(m->session))
			continue;
		session_unsend(m->session, index);
		(void)json_array_remove(list, i);
	}
}

/* ---- leaving the list ---- */

static size_t find_nonce(const json_t *list, const uint8_t *nonce)
{
	struct buf hex = BUF_INIT;
	size_t i = 0;

	text_put_hex(&hex, span_of(nonce, SESSION_NONCE));
	buf_put_u8(&hex, 0);
	for (; hex.fail == ERR_OK && i < json_array_size(list); i++) {
		const char *text =
		    record_string(json_array_get(list, i), "nonce");

		if (text != NULL && strcmp(text, (const char *)hex.p) == 0)
			break;
	}
	buf_clear(&hex);
	return i;
}

uint64_t outbox_view(const struct membership *m, const uint8_t *nonce)
{
	json_t *list = list_of(m);

	return record_number_or_0(json_array_get(list, find_nonce(list, nonce)),
				  "view");
}

/* The last places are noted, for a process whose item another one found in the
 * log. */
static void note_place(struct membership *m, uint64_t item, uint64_t seq)
{
	json_t *places = json_object_get(m->notes, "sent");

	if (places == NULL) {
		places = json_array();
		(void)json_object_set_new(m->notes, "sent", places);
	}
	(void)json_array_append_new(
	    places,
	    json_pack("{s:I, s:I, s:I}", "item", (json_int_t)item, "seq",
		      (json_int_t)seq, "line", (json_int_t)membership_line(m)));
	if (json_array_size(places) > PLACES_MAX)
		(void)json_array_remove(places, 0);
}

uint64_t outbox_place(const struct device *d, uint64_t item, bool *left)
{
	const json_t *places = json_object_get(d->open.notes, "sent"), *place;
	size_t i;

	*left = false;
	json_array_foreach(places, i, place)
	{
		uint64_t seq = record_number_or_0(place, "seq");

		if (record_number_or_0(place, "item") != item)
			continue;
		*left = outbox_keys_was_left(d, place, seq);
		return seq;
	}
	return 0;
}

const char *outbox_refusal(const struct membership *m, uint64_t item)
{
	return record_string(outbox_find_item(m, item), "refused");
}

enum err outbox_sent(struct device *d, const uint8_t *nonce, uint64_t seq)
{
	json_t *list = list_of(&d->open);
	size_t at = find_nonce(list, nonce);
	const json_t *item = json_array_get(list, at);
	const char *key = record_string(item, "key");
	enum err e = ERR_OK;

	if (item == NULL)
		return ERR_OK;
	if (key != NULL)
		TRY(outbox_keys_sent(d, key, seq));
	if (!outbox_is_quiet(item))
		core_tell(d, EVENT_SENT, seq, record_number_or_0(item, "item"));
	note_place(&d->open, record_number_or_0(item, "item"), seq);
	(void)json_array_remove(list, at);
out:
	return e;
}

static bool hash_is(struct span bytes, struct digest hash)
{
	struct digest digest = { 0 };

	return hash_one(bytes, digest.bytes) == ERR_OK &&
	       digest_equal(digest, hash);
}

static bool find_hash(const struct membership *m, struct digest hash,
		      size_t *index, struct session_sent *sent)
{
	for (*index = 0; session_outbox(m->session, *index, sent); (*index)++)
		if (hash_is(sent->envelope, hash))
			return true;
	return false;
}

bool outbox_has_hash(const struct membership *m, struct digest hash,
		     uint64_t *epoch)
{
	struct session_sent sent;
	size_t index;

	if (m->session == NULL || !find_hash(m, hash, &index, &sent))
		return false;
	*epoch = sent.epoch;
	return true;
}

enum err outbox_sent_by_hash(struct device *d, uint64_t seq, struct digest hash,
			     bool *found)
{
	struct session_sent sent;
	size_t index;
	enum err e = ERR_OK;

	*found = find_hash(&d->open, hash, &index, &sent);
	if (!*found)
		return ERR_OK;
	TRY(entry_keep_own(d, &sent, seq));
	TRY(outbox_sent(d, sent.nonce.p, seq));
	session_unsend(d->open.session, index);
out:
	return e;
}

static void forget_text(struct membership *m, json_t *item)
{
	struct session_sent sent;
	size_t index;

	if (find_sealed(m, item, &index, &sent))
		session_unsend(m->session, index);
	(void)json_object_del(item, "nonce");
	(void)json_object_del(item, "content");
}

enum err outbox_refuse(struct device *d, json_t *item, const char *slug,
		       const char *detail)
{
	(void)json_object_set_new(item, "refused", json_string(slug));
	(void)json_object_set_new(item, "detail", json_string(detail));
	if (outbox_is_over(d, item))
		forget_text(&d->open, item);
	if (!outbox_is_quiet(item))
		core_tell(d, EVENT_REFUSED, 0,
			  record_number_or_0(item, "item"));
	return ERR_OK;
}

enum err outbox_drop(struct membership *m, uint64_t item, size_t *dropped)
{
	json_t *list = list_of(m);

	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *row = json_array_get(list, i);
		struct session_sent sent;
		size_t index;

		if (item != DEVICE_OUTBOX_ALL &&
		    record_number_or_0(row, "item") != item)
			continue;
		if (find_sealed(m, row, &index, &sent))
			session_unsend(m->session, index);
		*dropped += !outbox_is_quiet(row);
		(void)json_array_remove(list, i);
	}
	return ERR_OK;
}

/* ---- listing ---- */

enum err outbox_put_content(const struct membership *m, const json_t *item,
			    json_t *row)
{
	struct buf content = BUF_INIT;
	struct said said = { .text = BUF_INIT };
	struct session_sent sent;
	enum content_type type;
	struct span value;
	size_t index;
	enum err e;

	if (find_sealed(m, item, &index, &sent))
		buf_put(&content, sent.data);
	else if (json_object_get(item, "content") == NULL)
		return ERR_OK; /* its time has come */
	else
		TRY(record_bytes(item, "content", &content));
	TRY(buf_end(&content));
	if (content_read(buf_span(&content), &type, &value) != ERR_OK)
		goto out;
	if (type == CONTENT_MIMI) {
		TRY(said_read(value, &said));
		value = buf_span(&said.text);
		if (said.topic.n > 0 &&
		    content_is_sound(CONTENT_TEXT, buf_span(&said.topic)))
			TRY(record_set_text(row, "topic",
					    buf_span(&said.topic)));
	}
	TRY(record_set_text(row, type == CONTENT_NAME ? "name" : "text",
			    value));
	if (said.has_file)
		TRY(attached_put(row, &said.file));
out:
	said_clear(&said);
	buf_clear(&content);
	return e;
}

static enum err list_item(const struct membership *m, const json_t *item,
			  json_t *list)
{
	const char *refused = record_string(item, "refused");
	json_t *row = json_pack(
	    "{s:I, s:s, s:s, s:I}", "item",
	    (json_int_t)record_number_or_0(item, "item"), "session_id", m->id,
	    "state", refused != NULL ? "refused" : "waiting", "queued_at",
	    (json_int_t)record_number_or_0(item, "queued_at"));
	enum err e;

	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	if (refused != NULL) {
		(void)json_object_set_new(row, "reason", json_string(refused));
		(void)json_object_set(row, "detail",
				      json_object_get(item, "detail"));
	}
	if (json_object_get(item, "key") != NULL)
		(void)json_object_set(row, "key", json_object_get(item, "key"));
	if (json_object_get(item, "expires_at") != NULL)
		(void)json_object_set(row, "expires_at",
				      json_object_get(item, "expires_at"));
	TRY(outbox_put_content(m, item, row));
	attached_hide(row);
	ENSURE(json_array_append(list, row) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(row);
	return e;
}

enum err outbox_list(const struct membership *m, json_t *list)
{
	const json_t *item;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(list_of(m), i, item)
	{
		if (!outbox_is_quiet(item))
			TRY(list_item(m, item, list));
	}
out:
	return e;
}

enum err outbox_adopt(struct membership *m)
{
	json_t *list = list_of(m);
	struct session_sent sent;
	uint64_t number = record_number_or_0(m->notes, "item");
	enum err e = ERR_OK;

	for (size_t i = 0; session_outbox(m->session, i, &sent); i++) {
		json_t *item;

		if (find_nonce(list, sent.nonce.p) < json_array_size(list))
			continue;
		if (list == NULL) {
			list = json_array();
			(void)json_object_set_new(m->notes, "outbox", list);
		}
		item = json_pack("{s:I, s:I}", "item", (json_int_t)++number,
				 "queued_at",
				 (json_int_t)envelope_time(sent.nonce));
		ENSURE(item != NULL && json_array_append_new(list, item) == 0,
		       ERR_LOCAL_MEMORY);
		TRY(record_set_hex(item, "nonce", sent.nonce));
		(void)json_object_set_new(m->notes, "item",
					  json_integer((json_int_t)number));
	}
out:
	return e;
}
