#include "crypto/rng.h"

#include <openssl/rand.h>

#include "crypto/evp.h"

static enum err system_fill(void *unused, uint8_t *out, size_t n)
{
	OSSL_LIB_CTX *context = evp_context();

	(void)unused;
	if (context == NULL || RAND_priv_bytes_ex(context, out, n, 0) != 1)
		return ERR_LOCAL_CRYPTO;
	return ERR_OK;
}

const struct rng *rng_system(void)
{
	static const struct rng rng = { system_fill, NULL };

	return &rng;
}

enum err rng_fill(const struct rng *rng, uint8_t *out, size_t n)
{
	return rng->fill(rng->context, out, n);
}
