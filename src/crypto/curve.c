#include "crypto/curve.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <string.h>

#include "crypto/evp.h"

struct curve {
	const char *name;
	int nid; /* NIST curves only */
	uint8_t secret_size;
	uint8_t public_size;
};

static const struct curve CURVES[] = {
	{ "X25519", 0, 32, 32 },
	{ "X448", 0, 56, 56 },
	{ "ED25519", 0, 32, 32 },
	{ "ED448", 0, 57, 57 },
	{ "P-256", NID_X9_62_prime256v1, 32, 65 },
	{ "P-384", NID_secp384r1, 48, 97 },
	{ "P-521", NID_secp521r1, 66, 133 },
};

static const struct curve *find(const char *group)
{
	for (size_t i = 0; i < sizeof(CURVES) / sizeof(*CURVES); i++)
		if (strcmp(CURVES[i].name, group) == 0)
			return &CURVES[i];
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

static EC_GROUP *new_group(const struct curve *c)
{
	return EC_GROUP_new_by_curve_name_ex(evp_context(), NULL, c->nid);
}

bool curve_scalar_in_range(const char *group, struct span scalar)
{
	const struct curve *c = find(group);
	EC_GROUP *g = c != NULL && c->nid != 0 ? new_group(c) : NULL;
	BIGNUM *k = BN_bin2bn(scalar.p, (int)scalar.n, NULL);
	bool in_range = g != NULL && k != NULL && !BN_is_zero(k) &&
			BN_cmp(k, EC_GROUP_get0_order(g)) < 0;

	BN_clear_free(k);
	EC_GROUP_free(g);
	return in_range;
}

/* EVP does not compute a NIST public key from its scalar. */
static enum err nist_public(const struct curve *c, struct span secret,
			    uint8_t *out)
{
	EC_GROUP *g = new_group(c);
	BIGNUM *k = BN_bin2bn(secret.p, (int)secret.n, NULL);
	EC_POINT *point = g != NULL ? EC_POINT_new(g) : NULL;
	enum err e = ERR_OK;

	ENSURE(g != NULL && k != NULL && point != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(!BN_is_zero(k) && BN_cmp(k, EC_GROUP_get0_order(g)) < 0,
	       ERR_PEER_INVALID);
	BN_set_flags(k, BN_FLG_CONSTTIME);
	ENSURE(EC_POINT_mul(g, point, k, NULL, NULL, NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EC_POINT_point2oct(g, point, POINT_CONVERSION_UNCOMPRESSED, out,
				  c->public_size, NULL) == c->public_size,
	       ERR_LOCAL_CRYPTO);
out:
	EC_POINT_clear_free(point);
	BN_clear_free(k);
	EC_GROUP_free(g);
	return e;
}

/* secret may be empty: a public key only. */
static enum err nist_import(const struct curve *c, struct span point,
			    struct span secret, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(evp_context(), "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *k = NULL;
	EVP_PKEY *key = NULL;
	enum err e = ERR_OK;

	evp_quiet_begin();
	ENSURE(ctx != NULL && build != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(OSSL_PARAM_BLD_push_utf8_string(
		   build, OSSL_PKEY_PARAM_GROUP_NAME, c->name, 0) == 1 &&
		   OSSL_PARAM_BLD_push_octet_string(
		       build, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1,
	       ERR_LOCAL_CRYPTO);
	if (secret.n > 0) {
		k = BN_secure_new();
		ENSURE(k != NULL &&
			   BN_bin2bn(secret.p, (int)secret.n, k) != NULL &&
			   OSSL_PARAM_BLD_push_BN(
			       build, OSSL_PKEY_PARAM_PRIV_KEY, k) == 1,
		       ERR_LOCAL_CRYPTO);
	}
	params = OSSL_PARAM_BLD_to_param(build);
	ENSURE(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_PKEY_fromdata(ctx, &key,
				 secret.n > 0 ? EVP_PKEY_KEYPAIR
					      : EVP_PKEY_PUBLIC_KEY,
				 params) == 1,
	       ERR_PEER_INVALID);
	*out = key;
out:
	BN_clear_free(k);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
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
	if (bytes.n != c->public_size)
		return ERR_PEER_INVALID;
	if (c->nid != 0) {
		/* RFC 9420, 5.1.1: uncompressed points only */
		if (bytes.p[0] != POINT_CONVERSION_UNCOMPRESSED)
			return ERR_PEER_INVALID;
		return nist_import(c, bytes, SPAN_EMPTY, out);
	}
	*out = EVP_PKEY_new_raw_public_key_ex(evp_context(), c->name, NULL,
					      bytes.p, bytes.n);
	return *out != NULL ? ERR_OK : ERR_PEER_INVALID;
}

enum err curve_private(const char *group, struct span bytes, EVP_PKEY **out)
{
	const struct curve *c = find(group);
	uint8_t point[133];
	enum err e;

	if (c == NULL)
		return ERR_LOCAL_BUG;
	if (!secret_size_fits(c, bytes.n))
		return ERR_PEER_INVALID;
	if (c->nid != 0) {
		e = nist_public(c, bytes, point);
		if (e != ERR_OK)
			return e;
		return nist_import(c, span_of(point, c->public_size), bytes,
				   out);
	}
	*out = EVP_PKEY_new_raw_private_key_ex(evp_context(), c->name, NULL,
					       bytes.p, bytes.n);
	return *out != NULL ? ERR_OK : ERR_PEER_INVALID;
}

enum err curve_derive_public(const char *group, struct span secret,
			     struct buf *public_key)
{
	const struct curve *c = find(group);
	EVP_PKEY *key = NULL;
	uint8_t bytes[133];
	size_t n = sizeof(bytes);
	enum err e;

	ENSURE(c != NULL, ERR_LOCAL_BUG);
	ENSURE(secret_size_fits(c, secret.n), ERR_PEER_INVALID);
	if (c->nid != 0) {
		TRY(nist_public(c, secret, bytes));
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
