/* What the next link of this account's log is to do (own_log.h). */
#include "device/accounts/own_log.h"

#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static enum err read_devices(const json_t *wish, uint64_t *devices,
			     size_t *count)
{
	const json_t *list = json_object_get(wish, "devices"), *number;
	size_t i;

	*count = json_array_size(list);
	if (*count == 0 || *count > ACCOUNT_DEVICES_MAX)
		return ERR_PEER_MALFORMED;
	json_array_foreach(list, i, number) devices[i] =
	    (uint64_t)json_integer_value(number);
	return ERR_OK;
}

static enum err sign_bytes(const struct own_log *own,
			   const struct account_signer *by, const char *kind,
			   struct buf *link)
{
	struct span withdrawn = buf_span(&own->withdrawn);
	bool adds = strcmp(kind, "add") == 0;
	struct buf bytes = BUF_INIT;
	enum err e;

	TRY(record_bytes(own->wish, adds ? "entry" : "recovery", &bytes));
	TRY(buf_end(&bytes));
	if (adds)
		TRY(account_sign_add(own->known->log, by, buf_span(&bytes),
				     withdrawn, link));
	else
		TRY(account_sign_recover_as(own->known->log, by,
					    buf_span(&bytes), withdrawn, link));
out:
	buf_clear(&bytes);
	return e;
}

/* The link that does what is wished, or only withdraws. */
static enum err sign_wish(const struct own_log *own,
			  const struct account_signer *by, struct buf *link)
{
	const char *kind =
	    own->wish != NULL ? record_string(own->wish, "kind") : "";
	uint64_t devices[ACCOUNT_DEVICES_MAX];
	size_t count;
	enum err e;

	ENSURE(kind != NULL, ERR_PEER_MALFORMED);
	if (own->wish == NULL)
		return account_sign_keys(own->known->log, by, NULL, 0,
					 buf_span(&own->withdrawn), link);
	if (strcmp(kind, "close") == 0)
		return account_sign_close(own->known->log, by,
					  buf_span(&own->withdrawn), link);
	if (strcmp(kind, "remove") != 0)
		return sign_bytes(own, by, kind, link);
	TRY(read_devices(own->wish, devices, &count));
	TRY(account_sign_remove(own->known->log, by, devices, count,
				buf_span(&own->withdrawn), link));
out:
	return e;
}

/* ERR_PEER_INVALID: the log does not take it. */
static enum err check(const struct own_log *own)
{
	struct check_verdict verdict =
	    account_log_judge(own->known->log, buf_span(&own->pending));

	if (verdict.wrong == NULL)
		return ERR_OK;
	return verdict.local ? ERR_LOCAL_MEMORY : ERR_PEER_INVALID;
}

static enum err make(struct device *d, struct own_log *own)
{
	struct account_keys keys = { .count = 0 };
	struct account_signer by;
	enum err e;

	TRY(own_log_me(d, own, &keys, &by.device));
	ENSURE(by.device > 0, ERR_PEER_DENIED);
	by.private_key = sec_span(&keys.link.private_key);
	buf_reset(&own->pending);
	TRY(sign_wish(own, &by, &own->pending));
	TRY(check(own));
out:
	if (e != ERR_OK)
		buf_reset(&own->pending);
	account_keys_clear(&keys);
	return e;
}

static void drop_wish(struct own_log *own)
{
	json_decref(own->wish);
	own->wish = NULL;
}

enum err own_wish_make(struct device *d, struct own_log *own, json_t *wish)
{
	enum err e;

	ENSURE(wish != NULL, ERR_LOCAL_MEMORY);
	ENSURE(own->pending.n == 0, ERR_STATE_PENDING);
	own->wish = json_incref(wish);
	e = make(d, own);
	if (e != ERR_OK)
		drop_wish(own);
	TRY(e);
	TRY(own_log_save(d, own));
out:
	return e;
}

/* ---- again ---- */

bool own_wish_is_lost(const struct own_log *own)
{
	struct account_place place;
	struct account_link link;

	account_log_place(own->known->log, &place);
	return own->pending.n > 0 && place.number > 0 &&
	       account_link_decode(buf_span(&own->pending), &link) == ERR_OK &&
	       (link.number != place.number + 1 ||
		!span_equal(link.before, SPAN_ARRAY(place.hash)));
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ACCOUNT_HASH);
}

/* Adds the pending link to those that are withdrawn, in order. The oldest are
 * forgotten where there are too many: nobody was shown them as standing. */
static enum err withdraw(struct own_log *own)
{
	uint8_t hash[ACCOUNT_HASH];
	enum err e;

	TRY(account_link_hash(buf_span(&own->pending), hash));
	if (own->withdrawn.n >= (size_t)ACCOUNT_WITHDRAWN_MAX * ACCOUNT_HASH)
		buf_reset(&own->withdrawn);
	buf_put(&own->withdrawn, SPAN_ARRAY(hash));
	TRY(buf_end(&own->withdrawn));
	qsort(own->withdrawn.p, own->withdrawn.n / ACCOUNT_HASH, ACCOUNT_HASH,
	      by_bytes);
out:
	return e;
}

enum err own_wish_renew(struct device *d, struct own_log *own)
{
	enum err e;

	TRY(withdraw(own));
	buf_reset(&own->pending);
	e = make(d, own);
	if (e == ERR_PEER_INVALID && own->wish != NULL) {
		/* another device has done it, or it cannot be done any more */
		drop_wish(own);
		e = make(d, own);
	}
	if (e == ERR_PEER_DENIED || e == ERR_PEER_INVALID) {
		/* removed meanwhile, or signed by a key that is not here */
		drop_wish(own);
		buf_reset(&own->withdrawn);
		e = ERR_OK;
	}
	TRY(e);
	TRY(own_log_save(d, own));
out:
	return e;
}
