/* Twofish by libgcrypt, whose handle is the cipher. */
#include "twofish/cipher.h"

#include <gcrypt.h>

static gcry_cipher_hd_t handle(struct twofish_cipher *cipher)
{
	return (gcry_cipher_hd_t)(void *)cipher;
}

/* libgcrypt's own pages for secrets are small and its handles large; the
 * process's memory serves, and every handle is wiped when it is closed. */
bool twofish_start(void)
{
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (gcry_check_version("1.10.0") == NULL)
			return false;
		(void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	/* not there when the machine is in FIPS mode */
	return gcry_cipher_test_algo(GCRY_CIPHER_TWOFISH) == 0;
}

bool twofish_set_key(struct twofish_cipher **cipher,
		     const uint8_t key[TWOFISH_KEY])
{
	gcry_cipher_hd_t opened = handle(*cipher);

	if (opened == NULL && gcry_cipher_open(&opened, GCRY_CIPHER_TWOFISH,
					       GCRY_CIPHER_MODE_GCM, 0) != 0)
		return false;
	*cipher = (struct twofish_cipher *)(void *)opened;
	return gcry_cipher_setkey(opened, key, TWOFISH_KEY) == 0;
}

/* Wipes the key schedule. */
void twofish_free(struct twofish_cipher *cipher)
{
	if (cipher != NULL)
		gcry_cipher_close(handle(cipher));
}

bool twofish_begin(struct twofish_cipher *cipher, const uint8_t iv[TWOFISH_IV])
{
	return gcry_cipher_reset(handle(cipher)) == 0 &&
	       gcry_cipher_setiv(handle(cipher), iv, TWOFISH_IV) == 0;
}

bool twofish_authenticate(struct twofish_cipher *cipher, const uint8_t *data,
			  size_t n)
{
	return gcry_cipher_authenticate(handle(cipher), data, n) == 0;
}

bool twofish_encrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n)
{
	return gcry_cipher_encrypt(handle(cipher), out, n, in, n) == 0;
}

bool twofish_decrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n)
{
	return gcry_cipher_decrypt(handle(cipher), out, n, in, n) == 0;
}

bool twofish_tag(struct twofish_cipher *cipher, uint8_t tag[TWOFISH_TAG])
{
	return gcry_cipher_gettag(handle(cipher), tag, TWOFISH_TAG) == 0;
}

bool twofish_tag_is(struct twofish_cipher *cipher,
		    const uint8_t tag[TWOFISH_TAG])
{
	return gcry_cipher_checktag(handle(cipher), tag, TWOFISH_TAG) == 0;
}
