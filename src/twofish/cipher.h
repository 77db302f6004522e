/*
 * Twofish in GCM with a 256-bit key, of whichever library has it: libgcrypt
 * (gcrypt.c), and in WebAssembly another one (src/wasm). Internal to the provider.
 */
#ifndef HERMETIC_TWOFISH_CIPHER_H
#define HERMETIC_TWOFISH_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TWOFISH_KEY = 32, TWOFISH_IV = 12, TWOFISH_TAG = 16 };

struct twofish_cipher;

/* Once for the process. False: the library has no Twofish. */
bool twofish_start(void);

/* A cipher with that key, in *cipher: a new one where that is NULL, else that one.
 * False: it has no key now. */
bool twofish_set_key(struct twofish_cipher **cipher,
		     const uint8_t key[TWOFISH_KEY]);
/* Wipes the key. NULL is allowed. */
void twofish_free(struct twofish_cipher *cipher);

/* A new message: then its associated data, its text, and its tag. */
bool twofish_begin(struct twofish_cipher *cipher, const uint8_t iv[TWOFISH_IV]);
bool twofish_authenticate(struct twofish_cipher *cipher, const uint8_t *data,
			  size_t n);
/* In pieces of any size; `out` has n bytes, and may be `in`. */
bool twofish_encrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n);
bool twofish_decrypt(struct twofish_cipher *cipher, uint8_t *out,
		     const uint8_t *in, size_t n);
bool twofish_tag(struct twofish_cipher *cipher, uint8_t tag[TWOFISH_TAG]);
/* In a time that does not depend on the tags. */
bool twofish_tag_is(struct twofish_cipher *cipher,
		    const uint8_t tag[TWOFISH_TAG]);

#endif
