/*
 * In the module there are no NIST curves, as no algorithm of a device takes one: what the rest
 * of src/crypto calls, for suites that nobody there can name. So OpenSSL's large numbers are left out,
 * too.
 */
#include "crypto/curve_nist.h"

void curve_nist_start(struct curve *c)
{
	(void)c;
}

enum err curve_nist_public(const struct curve *c, struct span secret,
			   uint8_t *out)
{
	(void)c;
	(void)secret;
	(void)out;
	return ERR_LOCAL_CRYPTO;
}

enum err curve_nist_check_point(const struct curve *c, struct span bytes)
{
	(void)c;
	(void)bytes;
	return ERR_LOCAL_CRYPTO;
}

enum err curve_nist_agree(const struct curve *c, struct span secret,
			  struct span peer, struct sec *shared)
{
	(void)c;
	(void)secret;
	(void)peer;
	(void)shared;
	return ERR_LOCAL_CRYPTO;
}

enum err curve_nist_set_public(const struct curve *c, struct span point,
			       EVP_PKEY *key)
{
	(void)c;
	(void)point;
	(void)key;
	return ERR_LOCAL_CRYPTO;
}

enum err curve_nist_import_public(const struct curve *c, struct span point,
				  EVP_PKEY **out)
{
	(void)c;
	(void)point;
	(void)out;
	return ERR_LOCAL_CRYPTO;
}

enum err curve_nist_import_pair(const struct curve *c, struct span point,
				struct span secret, EVP_PKEY **out)
{
	(void)c;
	(void)point;
	(void)secret;
	(void)out;
	return ERR_LOCAL_CRYPTO;
}
