#include "crypto/library.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/evp.h"
#ifndef HERMETIC_WITHOUT_TWOFISH
#include "twofish/provider.h"
#endif

struct digest {
	const char *name;
	EVP_MD *md;
};

struct cipher {
	const char *name;
	EVP_CIPHER *cipher;
};

static struct digest digests[] = { { "SHA2-256", NULL },
				   { "SHA2-384", NULL },
				   { "SHA2-512", NULL },
				   { "SHA3-256", NULL },
				   { "SHAKE-256", NULL } };
static struct cipher ciphers[] = { { "AES-128-GCM", NULL },
				   { "AES-256-GCM", NULL },
				   { "ChaCha20-Poly1305", NULL },
#ifndef HERMETIC_WITHOUT_TWOFISH
				   { "TWOFISH-256-GCM", NULL },
#endif
				   { "AES-256-WRAP-PAD", NULL } };

static OSSL_LIB_CTX *context;
static bool ml_kem; /* OpenSSL has it from 3.5 on */
static enum err started = ERR_LOCAL_CRYPTO;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool fetch_all(void)
{
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(digests) / sizeof(*digests); i++) {
		struct digest *d = &digests[i];

		d->md = EVP_MD_fetch(context, d->name, NULL);
		ok = d->md != NULL;
	}
	for (size_t i = 0; ok && i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		struct cipher *c = &ciphers[i];

		c->cipher = EVP_CIPHER_fetch(context, c->name, NULL);
		ok = c->cipher != NULL;
	}
	return ok;
}

#ifdef HERMETIC_WITHOUT_TWOFISH
static bool add_twofish(void)
{
	return true;
}
#else
static bool add_twofish(void)
{
	return OSSL_PROVIDER_add_builtin(context, TWOFISH_PROVIDER,
					 twofish_provider_init) == 1 &&
	       OSSL_PROVIDER_load(context, TWOFISH_PROVIDER) != NULL;
}
#endif

static bool find_ml_kem(void)
{
	EVP_KEYMGMT *found;

	evp_quiet_begin();
	found = EVP_KEYMGMT_fetch(context, "ML-KEM-768", NULL);
	EVP_KEYMGMT_free(found);
	evp_quiet_end();
	return found != NULL;
}

/* Loading any provider by hand disables the implicit default one, so it is
 * loaded by hand too. What is made here lives as long as the process. */
static void start(void)
{
	context = OSSL_LIB_CTX_new();
	if (context == NULL)
		return;
	if (OSSL_PROVIDER_load(context, "default") == NULL || !add_twofish())
		return;
	if (!fetch_all())
		return;
	ml_kem = find_ml_kem();
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

bool evp_has_ml_kem(void)
{
	return library_start() == ERR_OK && ml_kem;
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

const EVP_CIPHER *evp_cipher(const char *name)
{
	if (library_start() != ERR_OK)
		return NULL;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++)
		if (strcmp(ciphers[i].name, name) == 0)
			return ciphers[i].cipher;
	return NULL;
}

/* An empty queue takes no mark, and without one all is dropped: the same. */
void evp_quiet_begin(void)
{
	(void)ERR_set_mark();
}

void evp_quiet_end(void)
{
	(void)ERR_pop_to_mark();
}
