#include "reach/state_keys.h"

#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/wrap.h"

#include <string.h>

#define KEY 32

static const struct suite *hash_suite(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

void state_keys_clear(struct state_keys *keys)
{
	sec_clear(&keys->seal);
	sec_clear(&keys->name);
}

enum err state_keys_make(struct state_keys *keys)
{
	enum err e;

	keys->seal.n = keys->name.n = KEY;
	TRY(rng_fill(rng_system(), keys->seal.b, KEY));
	TRY(rng_fill(rng_system(), keys->name.b, KEY));
out:
	if (e != ERR_OK)
		state_keys_clear(keys);
	return e;
}

static enum err derive(const struct state_head *head, struct span passphrase,
		       struct sec *prk)
{
	struct sec master = { 0 };
	enum err e;

	TRY(password_derive(passphrase, SPAN_ARRAY(head->salt), head->cost, KEY,
			    &master));
	TRY(hash_extract(hash_suite(), SPAN_EMPTY, sec_span(&master), prk));
out:
	sec_clear(&master);
	return e;
}

static enum err wrapping_key(const struct state_head *head,
			     struct span passphrase, struct sec *key)
{
	struct sec prk = { 0 };
	enum err e;

	TRY(derive(head, passphrase, &prk));
	TRY(hash_expand(hash_suite(), sec_span(&prk),
			SPAN_LIT("hermetic state keys"), KEY, key));
out:
	sec_clear(&prk);
	return e;
}

enum err state_keys_wrap(const struct state_keys *keys, struct span passphrase,
			 struct state_head *head)
{
	struct buf both = BUF_INIT, wrapped = BUF_INIT;
	struct sec key = { 0 };
	enum err e;

	head->derived = false;
	TRY(rng_fill(rng_system(), head->salt, sizeof(head->salt)));
	TRY(wrapping_key(head, passphrase, &key));
	buf_put(&both, sec_span(&keys->seal));
	buf_put(&both, sec_span(&keys->name));
	TRY(buf_end(&both));
	TRY(wrap_seal(sec_span(&key), buf_span(&both), &wrapped));
	TRY(buf_end(&wrapped));
	ENSURE(wrapped.n == sizeof(head->wrapped), ERR_LOCAL_BUG);
	memcpy(head->wrapped, wrapped.p, sizeof(head->wrapped));
out:
	sec_clear(&key);
	buf_clear(&both);
	buf_clear(&wrapped);
	return e;
}

static enum err open_derived(const struct state_head *head,
			     struct span passphrase, struct state_keys *keys)
{
	struct sec prk = { 0 };
	enum err e;

	TRY(derive(head, passphrase, &prk));
	TRY(hash_expand(hash_suite(), sec_span(&prk),
			SPAN_LIT("hermetic state values"), KEY, &keys->seal));
	TRY(hash_expand(hash_suite(), sec_span(&prk),
			SPAN_LIT("hermetic state names"), KEY, &keys->name));
out:
	sec_clear(&prk);
	return e;
}

static enum err open_wrapped(const struct state_head *head,
			     struct span passphrase, struct state_keys *keys)
{
	struct buf both = BUF_INIT;
	struct sec key = { 0 };
	enum err e;

	TRY(wrapping_key(head, passphrase, &key));
	TRY(wrap_open(sec_span(&key), SPAN_ARRAY(head->wrapped), &both));
	ENSURE(both.n == (size_t)2 * KEY, ERR_PEER_CRYPTO);
	TRY(sec_set(&keys->seal, span_of(both.p, KEY)));
	TRY(sec_set(&keys->name, span_of(both.p + KEY, KEY)));
out:
	sec_clear(&key);
	buf_clear(&both);
	return e;
}

enum err state_keys_open(const struct state_head *head, struct span passphrase,
			 struct state_keys *keys)
{
	return head->derived ? open_derived(head, passphrase, keys)
			     : open_wrapped(head, passphrase, keys);
}
