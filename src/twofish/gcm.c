#include "twofish/gcm.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sec.h"
#include "twofish/cipher.h"

struct gcm {
	struct twofish_cipher *cipher; /* NULL before the first key */
	uint8_t iv[TWOFISH_IV];
	uint8_t tag[TWOFISH_TAG];
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
	twofish_free(gcm->cipher);
	sec_wipe(gcm, sizeof(*gcm));
	free(gcm);
}

static bool set_key(struct gcm *gcm, const uint8_t *key, size_t n)
{
	if (n != TWOFISH_KEY)
		return false;
	gcm->key_set = twofish_set_key(&gcm->cipher, key);
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
		if (iv_size != TWOFISH_IV)
			return 0;
		memcpy(gcm->iv, iv, TWOFISH_IV);
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
	gcm->started = twofish_begin(gcm->cipher, gcm->iv);
	gcm->iv_set = false;
	return gcm->started;
}

/* out == NULL: associated data. */
static int gcm_update(void *context, unsigned char *out, size_t *out_n,
		      size_t out_size, const unsigned char *in, size_t n)
{
	struct gcm *gcm = context;

	*out_n = 0;
	if (!start(gcm))
		return 0;
	if (n == 0)
		return 1;
	if (out == NULL) {
		*out_n = n;
		return twofish_authenticate(gcm->cipher, in, n);
	}
	if (out_size < n)
		return 0;
	if (!(gcm->sealing ? twofish_encrypt : twofish_decrypt)(gcm->cipher,
								out, in, n))
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
		ok = twofish_tag(gcm->cipher, gcm->tag);
		gcm->tag_set = ok;
	} else {
		ok = gcm->tag_set && twofish_tag_is(gcm->cipher, gcm->tag);
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
	return set_size(params, OSSL_CIPHER_PARAM_KEYLEN, TWOFISH_KEY) &&
	       set_size(params, OSSL_CIPHER_PARAM_IVLEN, TWOFISH_IV) &&
	       set_size(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1);
}

static int get_params(void *context, OSSL_PARAM params[])
{
	struct gcm *gcm = context;
	OSSL_PARAM *p;

	if (!set_size(params, OSSL_CIPHER_PARAM_KEYLEN, TWOFISH_KEY) ||
	    !set_size(params, OSSL_CIPHER_PARAM_IVLEN, TWOFISH_IV) ||
	    !set_size(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN, TWOFISH_TAG))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
	if (p == NULL)
		return 1;
	return gcm->sealing && gcm->tag_set && p->data_size <= TWOFISH_TAG &&
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
	if (!size_is(params, OSSL_CIPHER_PARAM_KEYLEN, TWOFISH_KEY) ||
	    !size_is(params, OSSL_CIPHER_PARAM_IVLEN, TWOFISH_IV) ||
	    !size_is(params, OSSL_CIPHER_PARAM_AEAD_IVLEN, TWOFISH_IV))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_AEAD_TAG);
	if (p == NULL)
		return 1;
	if (p->data == NULL) /* only the length is asked for */
		return p->data_size == TWOFISH_TAG;
	if (gcm->sealing || p->data_type != OSSL_PARAM_OCTET_STRING ||
	    p->data_size != TWOFISH_TAG)
		return 0;
	memcpy(gcm->tag, p->data, TWOFISH_TAG);
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

/* No DUPCTX: a cipher of libgcrypt cannot be copied. */
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
