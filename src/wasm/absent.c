/*
 * What else of OpenSSL is linked wherever its providers and contexts are, and serves nobody in a module:
 * providers that are loaded from a file, key pairs of DHKEM (src/crypto/hpke.c derives them),
 * printing of its own, and a tree of the names of all parameters. Here they do nothing or little, in
 * the place of OpenSSL's, so that what only they need is left out.
 *
 * The headers are those inside OpenSSL 3.5, as in provider.c.
 */
#include <internal/dso.h>
#include <internal/param_names.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <prov/ecx.h>

#include <stdio.h>
#include <string.h>

/* ---- there is no file to load ---- */

DSO *DSO_new(void)
{
	return NULL;
}

int DSO_free(DSO *dso)
{
	(void)dso;
	return 1;
}

DSO *DSO_load(DSO *dso, const char *name, DSO_METHOD *method, int flags)
{
	(void)dso;
	(void)name;
	(void)method;
	(void)flags;
	return NULL;
}

DSO_FUNC_TYPE DSO_bind_func(DSO *dso, const char *name)
{
	(void)dso;
	(void)name;
	return NULL;
}

long DSO_ctrl(DSO *dso, int command, long number, void *pointer)
{
	(void)dso;
	(void)command;
	(void)number;
	(void)pointer;
	return -1;
}

const char *DSO_get_filename(DSO *dso)
{
	(void)dso;
	return NULL;
}

char *DSO_merge(DSO *dso, const char *one, const char *other)
{
	(void)dso;
	(void)one;
	(void)other;
	return NULL;
}

char *DSO_convert_filename(DSO *dso, const char *name)
{
	(void)dso;
	(void)name;
	return NULL;
}

/* ---- DHKEM ---- */

int ossl_ecx_dhkem_derive_private(ECX_KEY *key, unsigned char *out,
				  const unsigned char *material, size_t n)
{
	(void)key;
	(void)out;
	(void)material;
	(void)n;
	return 0;
}

/* ---- libc prints; to a BIO nobody does ---- */

int BIO_vsnprintf(char *to, size_t size, const char *format, va_list list)
{
	int n = vsnprintf(to, size, format, list);

	return n < 0 || (size_t)n >= size ? -1 : n;
}

int BIO_snprintf(char *to, size_t size, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = BIO_vsnprintf(to, size, format, list);
	va_end(list);
	return n;
}

int BIO_vprintf(BIO *bio, const char *format, va_list list)
{
	(void)bio;
	(void)format;
	(void)list;
	return -1;
}

int BIO_printf(BIO *bio, const char *format, ...)
{
	(void)bio;
	(void)format;
	return -1;
}

/* ---- the names that a cipher asks for by number, which are those of AEADs ---- */

int ossl_param_find_pidx(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {
		{ OSSL_CIPHER_PARAM_IV, PIDX_CIPHER_PARAM_IV },
		{ OSSL_CIPHER_PARAM_IVLEN, PIDX_CIPHER_PARAM_IVLEN },
		{ OSSL_CIPHER_PARAM_KEYLEN, PIDX_CIPHER_PARAM_KEYLEN },
		{ OSSL_CIPHER_PARAM_UPDATED_IV, PIDX_CIPHER_PARAM_UPDATED_IV },
		{ OSSL_CIPHER_PARAM_AEAD_TAG, PIDX_CIPHER_PARAM_AEAD_TAG },
		{ OSSL_CIPHER_PARAM_AEAD_TAGLEN,
		  PIDX_CIPHER_PARAM_AEAD_TAGLEN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].number;
	return -1;
}
