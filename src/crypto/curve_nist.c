#include "crypto/curve_nist.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "crypto/evp.h"

void curve_nist_start(struct curve *c)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(evp_context(), "EC", NULL);

	c->group = EC_GROUP_new_by_curve_name_ex(evp_context(), NULL, c->nid);
	if (c->group != NULL &&
	    BN_bn2binpad(EC_GROUP_get0_order(c->group), c->order,
			 c->secret_size) != c->secret_size) {
		EC_GROUP_free(c->group);
		c->group = NULL;
	}
	if (ctx == NULL || EVP_PKEY_paramgen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_group_name(ctx, c->name) != 1 ||
	    EVP_PKEY_paramgen(ctx, &c->parameters) != 1)
		c->parameters = NULL;
	EVP_PKEY_CTX_free(ctx);
}

static bool in_range(const struct curve *c, const BIGNUM *k)
{
	return k != NULL && !BN_is_zero(k) &&
	       BN_cmp(k, EC_GROUP_get0_order(c->group)) < 0;
}

/* `secret` times `base`, or times the generator when that is NULL, in constant
 * time: ERR_PEER_INVALID for a scalar out of range. */
static enum err multiply(const struct curve *c, struct span secret,
			 const EC_POINT *base, EC_POINT *point)
{
	BIGNUM *k = BN_bin2bn(secret.p, (int)secret.n, NULL);
	enum err e = ERR_OK;

	ENSURE(k != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(in_range(c, k), ERR_PEER_INVALID);
	BN_set_flags(k, BN_FLG_CONSTTIME);
	ENSURE((base == NULL
		    ? EC_POINT_mul(c->group, point, k, NULL, NULL, NULL)
		    : EC_POINT_mul(c->group, point, NULL, base, k, NULL)) == 1,
	       ERR_LOCAL_CRYPTO);
out:
	BN_clear_free(k);
	return e;
}

/* EVP does not compute a NIST public key from its scalar. */
enum err curve_nist_public(const struct curve *c, struct span secret,
			   uint8_t *out)
{
	EC_POINT *point = c->group != NULL ? EC_POINT_new(c->group) : NULL;
	enum err e;

	ENSURE(point != NULL, ERR_LOCAL_CRYPTO);
	TRY(multiply(c, secret, NULL, point));
	ENSURE(EC_POINT_point2oct(c->group, point,
				  POINT_CONVERSION_UNCOMPRESSED, out,
				  c->public_size, NULL) == c->public_size,
	       ERR_LOCAL_CRYPTO);
out:
	EC_POINT_clear_free(point);
	return e;
}

/* y^2 = x^3 + ax + b, in numbers below p: 1, 0, or -1 for a failure of ours. */
static int solves(const struct curve *c, const BIGNUM *x, const BIGNUM *y,
		  BN_CTX *ctx)
{
	BIGNUM *p = BN_CTX_get(ctx), *a = BN_CTX_get(ctx);
	BIGNUM *b = BN_CTX_get(ctx), *left = BN_CTX_get(ctx);
	BIGNUM *right = BN_CTX_get(ctx);

	if (right == NULL || EC_GROUP_get_curve(c->group, p, a, b, ctx) != 1)
		return -1;
	if (BN_cmp(x, p) >= 0 || BN_cmp(y, p) >= 0)
		return 0;
	if (BN_mod_sqr(left, y, p, ctx) != 1 ||
	    BN_mod_sqr(right, x, p, ctx) != 1 ||
	    BN_mod_add(right, right, a, p, ctx) != 1 ||
	    BN_mod_mul(right, right, x, p, ctx) != 1 ||
	    BN_mod_add(right, right, b, p, ctx) != 1)
		return -1;
	return BN_cmp(left, right) == 0;
}

/* Why OpenSSL did not take a point: it does not say whether the point is wrong
 * or memory was not there. RFC 9420, 5.1.1: uncompressed points only. */
static enum err refused_point(const struct curve *c, struct span bytes)
{
	int half = (c->public_size - 1) / 2, on_curve = -1;
	BN_CTX *ctx = NULL;
	BIGNUM *x, *y;

	if (bytes.n != c->public_size ||
	    bytes.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return ERR_PEER_INVALID;
	ctx = BN_CTX_new_ex(evp_context());
	x = BN_bin2bn(bytes.p + 1, half, NULL);
	y = BN_bin2bn(bytes.p + 1 + half, half, NULL);
	if (ctx != NULL && x != NULL && y != NULL) {
		BN_CTX_start(ctx);
		on_curve = solves(c, x, y, ctx);
		BN_CTX_end(ctx);
	}
	BN_free(x);
	BN_free(y);
	BN_CTX_free(ctx);
	return on_curve == 0 ? ERR_PEER_INVALID : ERR_LOCAL_CRYPTO;
}

/* Only a point of the curve has an uncompressed encoding, and the group's
 * cofactor is 1: partial validation (SP 800-56A, 5.6.2.3.4) is all there is. */
static enum err nist_point(const struct curve *c, struct span bytes,
			   EC_POINT **out)
{
	EC_POINT *point = c->group != NULL ? EC_POINT_new(c->group) : NULL;
	enum err e = ERR_OK;

	evp_quiet_begin();
	ENSURE(point != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(bytes.n == c->public_size &&
		   bytes.p[0] == POINT_CONVERSION_UNCOMPRESSED &&
		   EC_POINT_oct2point(c->group, point, bytes.p, bytes.n,
				      NULL) == 1,
	       refused_point(c, bytes));
	*out = point;
	point = NULL;
out:
	EC_POINT_free(point);
	evp_quiet_end();
	return e;
}

enum err curve_nist_check_point(const struct curve *c, struct span bytes)
{
	EC_POINT *point = NULL;
	enum err e = nist_point(c, bytes, &point);

	EC_POINT_free(point);
	return e;
}

/* ECDH: the x coordinate. */
enum err curve_nist_agree(const struct curve *c, struct span secret,
			  struct span peer, struct sec *shared)
{
	EC_POINT *theirs = NULL, *point = NULL;
	BIGNUM *x = BN_secure_new();
	enum err e;

	TRY(nist_point(c, peer, &theirs));
	point = EC_POINT_new(c->group);
	ENSURE(x != NULL && point != NULL, ERR_LOCAL_CRYPTO);
	TRY(multiply(c, secret, theirs, point));
	ENSURE(EC_POINT_get_affine_coordinates(c->group, point, x, NULL,
					       NULL) == 1,
	       ERR_LOCAL_CRYPTO); /* no multiple here is at infinity */
	ENSURE(BN_bn2binpad(x, shared->b, c->secret_size) == c->secret_size,
	       ERR_LOCAL_CRYPTO);
	shared->n = c->secret_size;
out:
	EC_POINT_free(theirs);
	EC_POINT_clear_free(point);
	BN_clear_free(x);
	return e;
}

enum err curve_nist_set_public(const struct curve *c, struct span point,
			       EVP_PKEY *key)
{
	enum err e = ERR_OK;

	evp_quiet_begin();
	ENSURE(point.n == c->public_size &&
		   point.p[0] == POINT_CONVERSION_UNCOMPRESSED &&
		   EVP_PKEY_set1_encoded_public_key(key, point.p, point.n) == 1,
	       refused_point(c, point));
out:
	evp_quiet_end();
	return e;
}

enum err curve_nist_import_public(const struct curve *c, struct span point,
				  EVP_PKEY **out)
{
	EVP_PKEY *key = EVP_PKEY_new();
	enum err e = ERR_OK;

	ENSURE(key != NULL && c->parameters != NULL &&
		   EVP_PKEY_copy_parameters(key, c->parameters) == 1,
	       ERR_LOCAL_CRYPTO);
	TRY(curve_nist_set_public(c, point, key));
	*out = key;
	key = NULL;
out:
	EVP_PKEY_free(key);
	return e;
}

enum err curve_nist_import_pair(const struct curve *c, struct span point,
				struct span secret, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(evp_context(), "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *k = BN_secure_new();
	EVP_PKEY *key = NULL;
	enum err e = ERR_OK;

	evp_quiet_begin();
	ENSURE(ctx != NULL && build != NULL && k != NULL &&
		   BN_bin2bn(secret.p, (int)secret.n, k) != NULL,
	       ERR_LOCAL_CRYPTO);
	ENSURE(
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    c->name, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
						 point.p, point.n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, k) == 1,
	    ERR_LOCAL_CRYPTO);
	params = OSSL_PARAM_BLD_to_param(build);
	ENSURE(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1,
	       ERR_LOCAL_CRYPTO);
	*out = key;
out:
	BN_clear_free(k);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	evp_quiet_end();
	return e;
}
