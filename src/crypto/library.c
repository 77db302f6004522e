#include "crypto/library.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/evp.h"
#include "twofish/provider.h"

struct digest {
	const char *name;
	EVP_MD *md;
	EVP_MAC_CTX *hmac;
};

struct cipher {
	const char *name;
	EVP_CIPHER *cipher;
};

static struct digest digests[] = { { "SHA2-256", NULL, NULL },
				   { "SHA2-384", NULL, NULL },
				   { "SHA2-512", NULL, NULL } };
static struct cipher ciphers[] = { { "AES-128-GCM", NULL },
				   { "AES-256-GCM", NULL },
				   { "ChaCha20-Poly1305", NULL },
				   { "TWOFISH-256-GCM", NULL },
				   { "AES-256-WRAP-PAD", NULL } };

static OSSL_LIB_CTX *context;
static enum err started = ERR_LOCAL_CRYPTO;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool fetch_hmac(struct digest *d, EVP_MAC *mac)
{
	OSSL_PARAM params[2];

	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)d->name, 0);
	params[1] = OSSL_PARAM_construct_end();
	d->hmac = EVP_MAC_CTX_new(mac);
	return d->hmac != NULL && EVP_MAC_CTX_set_params(d->hmac, params) == 1;
}

static bool fetch_all(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(context, "HMAC", NULL);
	bool ok = mac != NULL;

	for (size_t i = 0; ok && i < sizeof(digests) / sizeof(*digests); i++) {
		struct digest *d = &digests[i];

		d->md = EVP_MD_fetch(context, d->name, NULL);
		ok = d->md != NULL && fetch_hmac(d, mac);
	}
	for (size_t i = 0; ok && i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		struct cipher *c = &ciphers[i];

		c->cipher = EVP_CIPHER_fetch(context, c->name, NULL);
		ok = c->cipher != NULL;
	}
	EVP_MAC_free(mac);
	return ok;
}

/* Loading any provider by hand disables the implicit default one, so it is
 * loaded by hand too. What is made here lives as long as the process. */
static void start(void)
{
	context = OSSL_LIB_CTX_new();
	if (context == NULL)
		return;
	if (OSSL_PROVIDER_add_builtin(context, TWOFISH_PROVIDER,
				      twofish_provider_init) != 1 ||
	    OSSL_PROVIDER_load(context, "default") == NULL ||
	    OSSL_PROVIDER_load(context, TWOFISH_PROVIDER) == NULL)
		return;
	if (fetch_all())
		started = ERR_OK;
}

enum err library_start(void)
{
	(void)pthread_once(&once, start);
	return started;
}

OSSL_LIB_CTX *evp_context(void)
{
	return library_start() == ERR_OK ? context : NULL;
}

const EVP_MD *evp_digest(const char *name)
{
	if (library_start() != ERR_OK)
		return NULL;
	for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++)
		if (strcmp(digests[i].name, name) == 0)
			return digests[i].md;
	return NULL;
}

const EVP_MAC_CTX *evp_hmac(const char *digest)
{
	if (library_start() != ERR_OK)
		return NULL;
	for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++)
		if (strcmp(digests[i].name, digest) == 0)
			return digests[i].hmac;
	return NULL;
}

const EVP_CIPHER *evp_cipher(const char *name)
{
	if (library_start() != ERR_OK)
		return NULL;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++)
		if (strcmp(ciphers[i].name, name) == 0)
			return ciphers[i].cipher;
	return NULL;
}
