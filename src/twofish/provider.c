#include "twofish/provider.h"

#include <openssl/core_dispatch.h>
#include <stddef.h>

#include "twofish/cipher.h"
#include "twofish/gcm.h"

static const OSSL_ALGORITHM CIPHERS[] = {
	{ "TWOFISH-256-GCM", "provider=" TWOFISH_PROVIDER,
	  twofish_gcm_functions, "Twofish with a 256-bit key in GCM" },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_CIPHER ? CIPHERS : NULL;
}

int twofish_provider_init(const OSSL_CORE_HANDLE *handle,
			  const OSSL_DISPATCH *core, const OSSL_DISPATCH **out,
			  void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ 0, NULL },
	};

	(void)core;
	*out = functions;
	*provider = (void *)(uintptr_t)handle;
	return twofish_start();
}
