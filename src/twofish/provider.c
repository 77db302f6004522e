#include "twofish/provider.h"

#include <openssl/core_dispatch.h>
#include <stddef.h>

#include <gcrypt.h>

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

/* libgcrypt's own pages for secrets are small and its handles large; the
 * process's memory serves, and every handle is wiped when it is closed. */
static int start_gcrypt(void)
{
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (gcry_check_version("1.10.0") == NULL)
			return 0;
		(void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	/* not there when the machine is in FIPS mode */
	return gcry_cipher_test_algo(GCRY_CIPHER_TWOFISH) == 0;
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
	return start_gcrypt();
}
