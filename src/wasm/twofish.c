/*
 * Twofish in GCM where libgcrypt is not: the block cipher is libtomcrypt's, GCM around
 * it OpenSSL's. As there, tables are looked up by secret values.
 */
#include "twofish/cipher.h"

#include "base/sec.h"

#include <openssl/modes.h>
#include <stdlib.h>
#include <tomcrypt.h>

struct twofish_cipher {
	symmetric_key key;
	GCM128_CONTEXT *gcm; /* points to `key`; NULL: there is none */
};

static void encrypt_block(const unsigned char in[16], unsigned char out[16],
			  const void *key)
{
	/* reads the key, and fails for arguments that are NULL only */
	(void)twofish_ecb_encrypt(in, out, (symmetric_key *)(uintptr_t)key);
}

bool twofish_start(void)
{
	return true;
}

static void forget_key(struct twofish_cipher *cipher)
{
	if (cipher->gcm != NULL)
		CRYPTO_gcm128_release(cipher->gcm); /* wipes it */
	sec_wipe(cipher, sizeof(*cipher));
}

bool twofish_set_key(struct twofish_cipher **cipher,
		     const uint8_t key[TWOFISH_KEY])
{
	if (*cipher == NULL)
		*cipher = calloc(1, sizeof(**cipher));
	if (*cipher == NULL)
		return false;
	forget_key(*cipher);
	if (twofish_setup(key, TWOFISH_KEY, 0, &(*cipher)->key) != CRYPT_OK)
		return false;
	(*cipher)->gcm = CRYPTO_gcm128_new(&(*cipher)->key, encrypt_block);
	return (*cipher)->gcm != NULL;
}

void twofish_free(struct twofish_cipher *cipher)
{
	if (cipher == NULL)
		return;
	forget_key(cipher);
	free(cipher);
}

bool twofish_begin(struct twofish_cipher *cipher, const uint8_t iv[TWOFISH_IV])
{
	CRYPTO_gcm128_setiv(cipher->gcm, iv, TWOFISH_IV);
	return true;
}

bool twofish_authenticate(struct twofish_cipher *cipher, const uint8_t *data,
			  size_t n)
{
	return CRYPTO_gcm128_aad(cipher->gcm, data, n) == 0;
}

bool twofish_encrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n)
{
	return CRYPTO_gcm128_encrypt(cipher->gcm, in, out, n) == 0;
}

bool twofish_decrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n)
{
	return CRYPTO_gcm128_decrypt(cipher->gcm, in, out, n) == 0;
}

bool twofish_tag(struct twofish_cipher *cipher, uint8_t tag[TWOFISH_TAG])
{
	CRYPTO_gcm128_tag(cipher->gcm, tag, TWOFISH_TAG);
	return true;
}

bool twofish_tag_is(struct twofish_cipher *cipher,
		    const uint8_t tag[TWOFISH_TAG])
{
	return CRYPTO_gcm128_finish(cipher->gcm, tag, TWOFISH_TAG) == 0;
}
