#include "door/vouch.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

enum err vouch_write(struct span secret, const char *kid,
		     const char *public_pem, struct buf *voucher)
{
	jwt_t *jwt = NULL;
	char *text = NULL;
	enum err e = ERR_OK;

	ENSURE(jwt_new(&jwt) == 0, ERR_LOCAL_MEMORY);
	ENSURE(jwt_add_grant(jwt, "kid", kid) == 0 &&
		   jwt_add_grant(jwt, "pem", public_pem) == 0 &&
		   jwt_set_alg(jwt, JWT_ALG_HS256, secret.p, (int)secret.n) ==
		       0,
	       ERR_LOCAL_CRYPTO);
	text = jwt_encode_str(jwt);
	ENSURE(text != NULL, ERR_LOCAL_CRYPTO);
	buf_put_str(voucher, text);
	e = voucher->fail;
out:
	free(text);
	jwt_free(jwt);
	return e;
}

enum err vouch_read(struct span secret, struct span kid, struct span voucher,
		    struct buf *public_pem)
{
	char text[VOUCH_MAX + 1];
	const char *name, *pem;
	jwt_t *jwt = NULL;
	enum err e = ERR_OK;

	ENSURE(secret.n >= VOUCH_SECRET_MIN && voucher.n > 0 &&
		   voucher.n <= VOUCH_MAX,
	       ERR_PEER_DENIED);
	memcpy(text, voucher.p, voucher.n);
	text[voucher.n] = '\0';
	ENSURE(jwt_decode(&jwt, text, secret.p, (int)secret.n) == 0 &&
		   jwt_get_alg(jwt) == JWT_ALG_HS256,
	       ERR_PEER_DENIED);
	name = jwt_get_grant(jwt, "kid");
	pem = jwt_get_grant(jwt, "pem");
	ENSURE(name != NULL && pem != NULL && span_equal(span_str(name), kid),
	       ERR_PEER_DENIED);
	buf_put_str(public_pem, pem);
	e = public_pem->fail;
out:
	jwt_free(jwt);
	return e;
}
