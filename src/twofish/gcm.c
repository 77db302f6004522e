#include "twofish/gcm.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gcrypt.h>

#include "base/sec.h"

enum { KEY_SIZE = 32, IV_SIZE = 12, TAG_SIZE = 16 };

struct gcm {
	gcry_cipher_hd_t handle; /* opened at the first key */
	uint8_t iv[IV_SIZE];
	uint8_t tag[TAG_SIZE];
	bool sealing;
	bool key_set, iv_set;
	bool started; /* the message has begun: the nonce is in use */
	bool tag_set; /* opening: expected; sealing: computed */
};

static void *gcm_new(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct gcm));
}

static void gcm_free(void *context)
{
	struct gcm *gcm = context;

	if (gcm == NULL)
		return;
	if (gcm->handle != NULL)
		gcry_cipher_close(gcm->handle); /* wipes the key schedule */
	sec_wipe(gcm, sizeof(*gcm));
	free(gcm);
}

static bool set_key(struct gcm *gcm, const uint8_t *key, size_t n)
{
	if (n != KEY_SIZE)
		return false;
	if (gcm->handle == NULL &&
	    gcry_cipher_open(&gcm->handle, GCRY_CIPHER_TWOFISH,
			     GCRY_CIPHER_MODE_GCM, 0) != 0)
		return false;
	gcm->key_set = gcry_cipher_setkey(gcm->handle, key, n) == 0;
	return gcm->key_set;
}

static int set_params(void *context, const OSSL_PARAM params[]);

/* A new message. Without a new nonce none can begin: the last one is spent. */
static int init(struct gcm *gcm, bool sealing, const uint8_t *key,
		size_t key_size, const uint8_t *iv, size_t iv_size,
		const OSSL_PARAM params[])
{
	gcm->sealing = sealing;
	gcm->started = false;
	gcm->tag_set = false;
	sec_wipe(gcm->tag, sizeof(gcm->tag));
	if (key != NULL && !set_key(gcm, key, key_size))
		return 0;
	if (iv != NULL) {
		if (iv_size != IV_SIZE)
			return 0;
		memcpy(gcm->iv, iv, IV_SIZE);
		gcm->iv_set = true;
	}
	return set_params(gcm, params);
}

static int gcm_encrypt_init(void *context, const unsigned char *key,
			    size_t key_size, const unsigned char *iv,
			    size_t iv_size, const OSSL_PARAM params[])
{
	return init(context, true, key, key_size, iv, iv_size, params);
}

static int gcm_decrypt_init(void *context, const unsigned char *key,
			    size_t key_size, const unsigned char *iv,
			    size_t iv_size, const OSSL_PARAM params[])
{
	return init(context, false, key, key_size, iv, iv_size, params);
}

static bool start(struct gcm *gcm)
{
	if (gcm->started)
		return true;
	if (!gcm->key_set || !gcm->iv_set)
		return false;
	gcm->started = gcry_cipher_reset(gcm->handle) == 0 &&
		       gcry_cipher_setiv(gcm->handle, gcm->iv, IV_SIZE) == 0;
	gcm->iv_set = false;
	return gcm->started;
}

/* out == NULL: associated data. */
static int gcm_update(void *context, unsigned char *out, size_t *out_n,
		      size_t out_size, const unsigned char *in, size_t n)
{
	struct gcm *gcm = context;
	gcry_error_t failed;

	*out_n = 0;
	if (!start(gcm))
		return 0;
	if (n == 0)
		return 1;
	if (out == NULL) {
		*out_n = n;
		return gcry_cipher_authenticate(gcm->handle, in, n) == 0;
	}
	if (out_size < n)
		return 0;
	failed = gcm->sealing ? gcry_cipher_encrypt(gcm->handle, out, n, in, n)
			      : gcry_cipher_decrypt(gcm->handle, out, n, in, n);
	if (failed != 0)
		return 0;
	*out_n = n;
	return 1;
}

static int gcm_final(void *context, unsigned char *out, size_t *out_n,
		     size_t out_size)
{
	struct gcm *gcm = context;
	bool ok;

	(void)out;
	(void)out_size;
	*out_n = 0;
	if (!start(gcm))
		return 0;
	if (gcm->sealing) {
		ok = gcry_cipher_gettag(gcm->handle, gcm->tag, TAG_SIZE) == 0;
		gcm->tag_set = ok;
	} else {
		ok = gcm->tag_set &&
		     gcry_cipher_checktag(gcm->handle, gcm->tag, TAG_SIZE) == 0;
		gcm->tag_set = false;
	}
	gcm->started = false;
	return ok;
}

/* EVP_Cipher(): one shot; NULL in means final. */
static int gcm_cipher(void *context, unsigned char *out, size_t *out_n,
		      size_t out_size, const unsigned char *in, size_t n)
{
	if (in == NULL)
		return gcm_final(context, out, out_n, out_size);
	return gcm_update(context, out, out_n, out_size, in, n);
}

static int set_size(OSSL_PARAM params[], const char *name, size_t value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_size_t(p, value);
}

static int algorithm_params(OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);
	if (p != NULL && !OSSL_PARAM_set_uint(p, EVP_CIPH_GCM_MODE))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD);
	if (p != NULL && !OSSL_PARAM_set_int(p, 1))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_CUSTOM_IV);
	if (p != NULL && !OSSL_PARAM_set_int(p, 1))
		return 0;
	return set_size(params, OSSL_CIPHER_PARAM_KEYLEN, KEY_SIZE) &&
	       set_size(params, OSSL_CIPHER_PARAM_IVLEN, IV_SIZE) &&
	       set_size(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1);
}

static int get_params(void *context, OSSL_PARAM params[])
{
	struct gcm *gcm = context;
	OSSL_PARAM *p;

	if (!set_size(params, OSSL_CIPHER_PARAM_KEYLEN, KEY_SIZE) ||
	    !set_size(params, OSSL_CIPHER_PARAM_IVLEN, IV_SIZE) ||
	    !set_size(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN, TAG_SIZE))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
	if (p == NULL)
		return 1;
	return gcm->sealing && gcm->tag_set && p->data_size <= TAG_SIZE &&
	       OSSL_PARAM_set_octet_string(p, gcm->tag, p->data_size);
}

static int size_is(const OSSL_PARAM params[], const char *name, size_t must)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
	size_t value;

	return p == NULL || (OSSL_PARAM_get_size_t(p, &value) && value == must);
}

static int set_params(void *context, const OSSL_PARAM params[])
{
	struct gcm *gcm = context;
	const OSSL_PARAM *p;

	if (params == NULL)
		return 1;
	if (!size_is(params, OSSL_CIPHER_PARAM_KEYLEN, KEY_SIZE) ||
	    !size_is(params, OSSL_CIPHER_PARAM_IVLEN, IV_SIZE) ||
	    !size_is(params, OSSL_CIPHER_PARAM_AEAD_IVLEN, IV_SIZE))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TAG);
	if (p == NULL)
		return 1;
	if (p->data == NULL) /* only the length is asked for */
		return p->data_size == TAG_SIZE;
	if (gcm->sealing || p->data_type != OSSL_PARAM_OCTET_STRING ||
	    p->data_size != TAG_SIZE)
		return 0;
	memcpy(gcm->tag, p->data, TAG_SIZE);
	gcm->tag_set = true;
	return 1;
}

static const OSSL_PARAM *gettable(void *context, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
		OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
		OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, NULL),
		OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
		OSSL_PARAM_END
	};

	(void)context;
	(void)provider;
	return known;
}

static const OSSL_PARAM *settable(void *context, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
		OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, NULL),
		OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
		OSSL_PARAM_END
	};

	(void)context;
	(void)provider;
	return known;
}

#define FUNCTION(id, f)                                                        \
	{                                                                      \
		OSSL_FUNC_CIPHER_##id, (void (*)(void))(f)                     \
	}

/* No DUPCTX: a libgcrypt handle cannot be copied. */
const OSSL_DISPATCH twofish_gcm_functions[] = {
	FUNCTION(NEWCTX, gcm_new),
	FUNCTION(FREECTX, gcm_free),
	FUNCTION(ENCRYPT_INIT, gcm_encrypt_init),
	FUNCTION(DECRYPT_INIT, gcm_decrypt_init),
	FUNCTION(UPDATE, gcm_update),
	FUNCTION(FINAL, gcm_final),
	FUNCTION(CIPHER, gcm_cipher),
	FUNCTION(GET_PARAMS, algorithm_params),
	FUNCTION(GET_CTX_PARAMS, get_params),
	FUNCTION(SET_CTX_PARAMS, set_params),
	FUNCTION(GETTABLE_CTX_PARAMS, gettable),
	FUNCTION(SETTABLE_CTX_PARAMS, settable),
	{ 0, NULL },
};
