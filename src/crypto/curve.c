#include "crypto/curve.h"

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <string.h>

#include "base/ct.h"
#include "crypto/curve_nist.h"
#include "crypto/evp.h"

static struct curve curves[] = {
	{ "X25519", 0, 32, 32, NULL, NULL, { 0 } },
	{ "X448", 0, 56, 56, NULL, NULL, { 0 } },
	{ "ED25519", 0, 32, 32, NULL, NULL, { 0 } },
	{ "ED448", 0, 57, 57, NULL, NULL, { 0 } },
	{ "P-256", NID_X9_62_prime256v1, 32, 65, NULL, NULL, { 0 } },
	{ "P-384", NID_secp384r1, 48, 97, NULL, NULL, { 0 } },
	{ "P-521", NID_secp521r1, 66, 133, NULL, NULL, { 0 } },
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (curves[i].nid != 0)
			curve_nist_start(&curves[i]);
}

static const struct curve *find(const char *group)
{
	(void)pthread_once(&once, start);
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (strcmp(curves[i].name, group) == 0)
			return &curves[i];
	return NULL;
}

bool curve_is_nist(const char *group)
{
	const struct curve *c = find(group);

	return c != NULL && c->nid != 0;
}

size_t curve_private_size(const char *group)
{
	const struct curve *c = find(group);

	return c != NULL ? c->secret_size : 0;
}

/* u coordinates of small order, little-endian, p and p + 1 too. */
static const uint8_t small_x25519[][32] = {
	{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	  0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	  0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	  0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	  0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }
};

static const uint8_t small_x448[][56] = {
	{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	{ 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
};

bool curve_small_order(const char *group, struct span public_key)
{
	uint8_t u[32];

	if (strcmp(group, "X25519") == 0 && public_key.n == sizeof(u)) {
		memcpy(u, public_key.p, sizeof(u));
		u[31] &= 0x7f; /* RFC 7748: the highest bit is not looked at */
		for (size_t i = 0;
		     i < sizeof(small_x25519) / sizeof(*small_x25519); i++)
			if (span_equal(SPAN_ARRAY(u),
				       SPAN_ARRAY(small_x25519[i])))
				return true;
	}
	if (strcmp(group, "X448") == 0)
		for (size_t i = 0; i < sizeof(small_x448) / sizeof(*small_x448);
		     i++)
			if (span_equal(public_key, SPAN_ARRAY(small_x448[i])))
				return true;
	return false;
}

/* Nothing is allocated, so that "no" never means "no memory"; and the time does
 * not depend on the scalar. */
bool curve_scalar_in_range(const char *group, struct span scalar)
{
	const struct curve *c = find(group);
	unsigned any = 0, below = 0;

	if (c == NULL || c->group == NULL || scalar.n != c->secret_size)
		return false;
	for (size_t i = scalar.n; i > 0; i--) {
		unsigned digit = scalar.p[i - 1];

		any |= digit;
		below = (digit - c->order[i - 1] - below) >> 8 & 1;
	}
	CT_PUBLIC(&any, sizeof(any));
	CT_PUBLIC(&below, sizeof(below));
	return any != 0 && below != 0;
}

enum err curve_replace_public(const char *group, struct span bytes,
			      EVP_PKEY *key)
{
	const struct curve *c = find(group);

	return c != NULL && c->nid != 0 ? curve_nist_set_public(c, bytes, key)
					: ERR_LOCAL_BUG;
}

/* ---- X25519 and X448 ---- */

/* With both halves given, nothing is computed. */
static enum err raw_pair(const struct curve *c, struct span secret,
			 struct span public_key, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(evp_context(), c->name, NULL);
	uint8_t halves[2][SEC_MAX];
	OSSL_PARAM params[] = { OSSL_PARAM_END, OSSL_PARAM_END,
				OSSL_PARAM_END };
	EVP_PKEY *key = NULL;
	enum err e = ERR_OK;

	ENSURE(secret.n == c->secret_size && public_key.n == c->public_size,
	       ERR_PEER_INVALID);
	memcpy(halves[0], secret.p, secret.n);
	memcpy(halves[1], public_key.p, public_key.n);
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
						      halves[0], secret.n);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						      halves[1], public_key.n);
	ENSURE(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		   EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1,
	       ERR_LOCAL_CRYPTO);
	*out = key;
out:
	sec_wipe(halves, sizeof(halves));
	EVP_PKEY_CTX_free(ctx);
	return e;
}

/* RFC 9180, 7.1.4: an all-zero output is refused; OpenSSL does so itself. */
static enum err raw_agree(const struct curve *c, struct span secret,
			  struct span public_key, struct span peer,
			  struct sec *shared)
{
	EVP_PKEY *mine = NULL, *theirs = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = SEC_MAX;
	enum err e;

	TRY(raw_pair(c, secret, public_key, &mine));
	TRY(curve_public(c->name, peer, &theirs));
	ctx = EVP_PKEY_CTX_new_from_pkey(evp_context(), mine, NULL);
	ENSURE(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_PKEY_derive(ctx, shared->b, &n) == 1,
	       curve_small_order(c->name, peer) ? ERR_PEER_INVALID
						: ERR_LOCAL_CRYPTO);
	shared->n = (uint8_t)n;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(theirs);
	return e;
}

enum err curve_agree(const char *group, struct span secret,
		     struct span public_key, struct span peer,
		     struct sec *shared)
{
	const struct curve *c = find(group);
	enum err e;

	sec_clear(shared);
	evp_quiet_begin();
	ENSURE(c != NULL, ERR_LOCAL_BUG);
	TRY(c->nid != 0 ? curve_nist_agree(c, secret, peer, shared)
			: raw_agree(c, secret, public_key, peer, shared));
out:
	if (e != ERR_OK)
		sec_clear(shared);
	evp_quiet_end();
	return e;
}

/* A scalar is a number: some write it without its leading zeros. */
static bool secret_size_fits(const struct curve *c, size_t n)
{
	if (c->nid != 0)
		return n > 0 && n <= c->secret_size;
	return n == c->secret_size;
}

enum err curve_public(const char *group, struct span bytes, EVP_PKEY **out)
{
	const struct curve *c = find(group);

	if (c == NULL)
		return ERR_LOCAL_BUG;
	if (c->nid != 0)
		return curve_nist_import_public(c, bytes, out);
	if (bytes.n != c->public_size)
		return ERR_PEER_INVALID;
	/* Any bytes of that length are a key. */
	*out = EVP_PKEY_new_raw_public_key_ex(evp_context(), c->name, NULL,
					      bytes.p, bytes.n);
	return *out != NULL ? ERR_OK : ERR_LOCAL_CRYPTO;
}

enum err curve_make_public(const char *group, EVP_PKEY_CTX **maker,
			   struct span bytes, EVP_PKEY **out)
{
	const struct curve *c = find(group);
	uint8_t copy[CURVE_PUBLIC_MAX]; /* OSSL_PARAM has no const */
	OSSL_PARAM params[2];

	if (c == NULL || c->nid != 0)
		return ERR_LOCAL_BUG;
	if (bytes.n != c->public_size)
		return ERR_PEER_INVALID;
	if (*maker == NULL)
		*maker =
		    EVP_PKEY_CTX_new_from_name(evp_context(), c->name, NULL);
	memcpy(copy, bytes.p, bytes.n);
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						      copy, bytes.n);
	params[1] = OSSL_PARAM_construct_end();
	*out = NULL;
	if (*maker == NULL || EVP_PKEY_fromdata_init(*maker) != 1)
		return ERR_LOCAL_MEMORY;
	return EVP_PKEY_fromdata(*maker, out, EVP_PKEY_PUBLIC_KEY, params) == 1
		   ? ERR_OK
		   : ERR_LOCAL_CRYPTO;
}

enum err curve_check_public(const char *group, struct span bytes)
{
	const struct curve *c = find(group);

	if (c == NULL)
		return ERR_LOCAL_BUG;
	if (c->nid != 0)
		return curve_nist_check_point(c, bytes);
	if (bytes.n != c->public_size || curve_small_order(group, bytes))
		return ERR_PEER_INVALID;
	return ERR_OK;
}

enum err curve_private(const char *group, struct span bytes, EVP_PKEY **out)
{
	const struct curve *c = find(group);
	uint8_t point[CURVE_PUBLIC_MAX];
	enum err e;

	if (c == NULL)
		return ERR_LOCAL_BUG;
	if (!secret_size_fits(c, bytes.n))
		return ERR_PEER_INVALID;
	if (c->nid != 0) {
		e = curve_nist_public(c, bytes, point);
		if (e != ERR_OK)
			return e;
		return curve_nist_import_pair(c, span_of(point, c->public_size),
					      bytes, out);
	}
	*out = EVP_PKEY_new_raw_private_key_ex(evp_context(), c->name, NULL,
					       bytes.p, bytes.n);
	return *out != NULL ? ERR_OK : ERR_LOCAL_CRYPTO;
}

enum err curve_derive_public(const char *group, struct span secret,
			     struct buf *public_key)
{
	const struct curve *c = find(group);
	EVP_PKEY *key = NULL;
	uint8_t bytes[CURVE_PUBLIC_MAX];
	size_t n = sizeof(bytes);
	enum err e;

	ENSURE(c != NULL, ERR_LOCAL_BUG);
	ENSURE(secret_size_fits(c, secret.n), ERR_PEER_INVALID);
	if (c->nid != 0) {
		TRY(curve_nist_public(c, secret, bytes));
		n = c->public_size;
	} else {
		TRY(curve_private(group, secret, &key));
		ENSURE(EVP_PKEY_get_raw_public_key(key, bytes, &n) == 1,
		       ERR_LOCAL_CRYPTO);
	}
	buf_put(public_key, span_of(bytes, n));
	e = public_key->fail;
out:
	EVP_PKEY_free(key);
	return e;
}
