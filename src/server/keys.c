#include "server/keys.h"

#include <string.h>

#include "base/log.h"
#include "crypto/es256.h"
#include "crypto/hash.h"
#include "crypto/signing_key.h"
#include "door/vouch.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/loop.h"
#include "server/routes_table.h"

enum { KEYS_MAX = 16, RELOAD_MS = 2000 };

static struct key keys[KEYS_MAX];
static size_t key_count;
static bool asking;

static void clear_key(struct key *key)
{
	buf_clear(&key->private_pem);
	buf_clear(&key->public_pem);
	buf_clear(&key->jwk);
	*key = (struct key){ .may_sign = false };
}

/* ---- making the first ---- */

static void on_inserted(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	asking = false;
	if (e == ERR_OK && rows_count(rows) == 1)
		LOG(INFO, "first signing key made", LOG_NUM("ordinal", 1));
}

static void make_first(void)
{
	struct params params = PARAMS_INIT;
	struct signing_key key;
	enum err e;

	TRY(signing_key_make(sec_span(&config()->kek), &key));
	params_text(&params, span_str(key.kid));
	params_i32(&params, 1);
	params_text(&params, buf_span(&key.jwk));
	params_bytea(&params, buf_span(&key.wrapped));
	params_bytea(&params, SPAN_ARRAY(key.kek_id));
	params_i64(&params, 0); /* it signs at once: there is no other */
	signing_key_clear(&key);
	TRY(store_query(answer_store(), STATEMENT_SIGNING_KEY_INSERT, &params,
			on_inserted, NULL));
	asking = true;
out:
	if (e != ERR_OK)
		LOG(ERROR, "cannot make a signing key",
		    LOG_STR("why", err_text(e)));
}

/* ---- loading ---- */

static void on_vouched(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	(void)rows;
	if (e == ERR_OK)
		LOG(INFO, "vouched for a signing key", LOG_STR("to", "MQTT"));
}

/* The broker's plugin believes a key that somebody with its wrapped row vouches for.
 * Whether the row is written is seen with the next look at the keys. */
static void vouch(const struct key *key, struct span vouchers)
{
	struct span secret = span_str(config()->mqtt_keys_secret);
	struct params params = PARAMS_INIT;
	struct buf voucher = BUF_INIT;
	enum err e;

	if (secret.n == 0)
		return;
	TRY(vouch_write(secret, key->kid, (const char *)key->public_pem.p,
			&voucher));
	if (memmem(vouchers.p, vouchers.n, voucher.p, voucher.n) != NULL)
		goto out;
	params_text(&params, span_str(key->kid));
	params_text(&params, buf_span(&voucher));
	TRY(store_query(answer_store(), STATEMENT_SIGNING_KEY_VOUCH, &params,
			on_vouched, NULL));
out:
	if (e != ERR_OK)
		LOG(ERROR, "cannot vouch for a signing key",
		    LOG_STR("why", err_text(e)));
	buf_clear(&voucher);
}

static enum err read_key(struct rows *rows, size_t i, struct key *key)
{
	struct span kid = rows_text(rows, i, "kid");
	struct span wrapped = rows_bytes(rows, i, "wrapped_key");
	uint8_t x[32], y[32];
	enum err e;

	ENSURE(kid.n < sizeof(key->kid), ERR_LOCAL_BUG);
	memcpy(key->kid, kid.p, kid.n);
	key->kid[kid.n] = '\0';
	TRY(signing_key_open(sec_span(&config()->kek),
			     sec_span(&config()->kek_previous), wrapped,
			     &key->private_pem));
	TRY(es256_public(buf_span(&key->private_pem), &key->public_pem, x, y));
	signing_key_put_jwk(&key->jwk, key->kid, x, y);
	key->may_sign = rows_bool(rows, i, "may_sign");
	/* a PEM text ends with a NUL for those who read it as a string */
	(void)buf_reserve(&key->private_pem, 1);
	ENSURE(key->private_pem.fail == ERR_OK, ERR_LOCAL_MEMORY);
	key->private_pem.p[key->private_pem.n] = '\0';
	TRY(buf_end(&key->jwk));
	TRY(rows_end(rows));
	vouch(key, rows_text(rows, i, "vouchers"));
out:
	return e;
}

static void on_listed(void *arg, enum err e, struct rows *rows)
{
	size_t count = 0;

	(void)arg;
	asking = false;
	if (e != ERR_OK)
		return;
	if (rows_count(rows) == 0) {
		make_first();
		return;
	}
	for (size_t i = 0; i < key_count; i++)
		clear_key(&keys[i]);
	for (size_t i = 0; i < rows_count(rows) && count < KEYS_MAX; i++) {
		e = read_key(rows, i, &keys[count]);
		if (e == ERR_OK) {
			count++;
			continue;
		}
		LOG(ERROR,
		    "a signing key cannot be unwrapped: is "
		    "HERMETIC_KEK the right one?",
		    LOG_STR("why", err_text(e)));
		clear_key(&keys[count]);
	}
	key_count = count;
}

static void on_tick(void *arg)
{
	struct params none = PARAMS_INIT;

	(void)arg;
	if (asking || !store_is_ready(answer_store()))
		return;
	asking = store_query(answer_store(), STATEMENT_SIGNING_KEY_LIST, &none,
			     on_listed, NULL) == ERR_OK;
}

/* A first key is wanted at once; changes may be seen a little later. */
static void on_fast_tick(void *arg)
{
	if (key_count == 0)
		on_tick(arg);
}

void keys_start(void)
{
	loop_every(50, on_fast_tick, NULL);
	loop_every(RELOAD_MS, on_tick, NULL);
}

bool keys_are_loaded(void)
{
	return keys_signing() != NULL;
}

const struct key *keys_signing(void)
{
	for (size_t i = 0; i < key_count; i++)
		if (keys[i].may_sign)
			return &keys[i];
	return NULL;
}

const struct key *keys_find(struct span kid)
{
	for (size_t i = 0; i < key_count; i++)
		if (span_equal(kid, span_str(keys[i].kid)))
			return &keys[i];
	return NULL;
}

void keys_put_jwks(struct buf *out)
{
	buf_put_str(out, "{\"keys\":[");
	for (size_t i = 0; i < key_count; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		buf_put(out, buf_span(&keys[i].jwk));
	}
	buf_put_str(out, "]}");
}

void keys_get(const struct call *call)
{
	struct buf body = BUF_INIT;

	keys_put_jwks(&body);
	request_add(call->req, "Cache-Control", "public, max-age=60");
	request_answer(call->req, 200, "application/json", buf_span(&body));
	buf_clear(&body);
}

enum err keys_derive(struct span purpose, uint8_t key[32])
{
	return hash_mac(suite_by_algorithm(SPAN_LIT("chacha20-poly1305")),
			sec_span(&config()->kek), &purpose, 1, key);
}
