/*
 * OpenSSL keeps methods of before its providers for keys of RSA, of the curves of P-256 and
 * its like, and of the four kinds that a client has, a translation of these methods'
 * controls, and the reading of a file of its configuration. All that links it has all of
 * them. A client's keys are those of providers, and a module has no files: here the methods are
 * empty, in the place of OpenSSL's, so that what only they need is left out: RSA, large
 * numbers, ASN.1.
 *
 * The headers are those inside OpenSSL 3.5, as in provider.c.
 */
#include <internal/deprecated.h> /* first: what others hide */

#include <crypto/asn1.h>
#include <crypto/ec.h>
#include <crypto/evp.h>
#include <crypto/rsa.h>
#include <internal/conf.h>

#include "in_place.h"

/* ---- methods that say whose they are, and nothing else ---- */

const EVP_PKEY_ASN1_METHOD ossl_rsa_asn1_meths[2] = {
	{ .pkey_id = EVP_PKEY_RSA, .pkey_base_id = EVP_PKEY_RSA },
	{ .pkey_id = EVP_PKEY_RSA2,
	  .pkey_base_id = EVP_PKEY_RSA,
	  .pkey_flags = ASN1_PKEY_ALIAS },
};
const EVP_PKEY_ASN1_METHOD ossl_rsa_pss_asn1_meth = {
	.pkey_id = EVP_PKEY_RSA_PSS, .pkey_base_id = EVP_PKEY_RSA_PSS
};
const EVP_PKEY_ASN1_METHOD ossl_eckey_asn1_meth = { .pkey_id = EVP_PKEY_EC,
						    .pkey_base_id =
							EVP_PKEY_EC };
const EVP_PKEY_ASN1_METHOD ossl_ecx25519_asn1_meth = {
	.pkey_id = EVP_PKEY_X25519, .pkey_base_id = EVP_PKEY_X25519
};
const EVP_PKEY_ASN1_METHOD ossl_ecx448_asn1_meth = { .pkey_id = EVP_PKEY_X448,
						     .pkey_base_id =
							 EVP_PKEY_X448 };
const EVP_PKEY_ASN1_METHOD ossl_ed25519_asn1_meth = {
	.pkey_id = EVP_PKEY_ED25519, .pkey_base_id = EVP_PKEY_ED25519
};
const EVP_PKEY_ASN1_METHOD ossl_ed448_asn1_meth = { .pkey_id = EVP_PKEY_ED448,
						    .pkey_base_id =
							EVP_PKEY_ED448 };

const EVP_PKEY_METHOD *ossl_rsa_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_RSA };

	return &none;
}

const EVP_PKEY_METHOD *ossl_rsa_pss_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_RSA_PSS };

	return &none;
}

const EVP_PKEY_METHOD *ossl_ec_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_EC };

	return &none;
}

const EVP_PKEY_METHOD *ossl_ecx25519_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_X25519 };

	return &none;
}

const EVP_PKEY_METHOD *ossl_ecx448_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_X448 };

	return &none;
}

const EVP_PKEY_METHOD *ossl_ed25519_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_ED25519 };

	return &none;
}

const EVP_PKEY_METHOD *ossl_ed448_pkey_method(void)
{
	static const EVP_PKEY_METHOD none = { .pkey_id = EVP_PKEY_ED448 };

	return &none;
}

/* ---- no key is one of RSA or of these curves ---- */

IN_PLACE_OF(ossl_rsa_is_foreign);
int __wrap_ossl_rsa_is_foreign(const RSA *key)
{
	(void)key;
	return 0;
}

IN_PLACE_OF(ossl_ec_key_is_foreign);
int __wrap_ossl_ec_key_is_foreign(const EC_KEY *key)
{
	(void)key;
	return 0;
}

IN_PLACE_OF(EC_KEY_can_sign);
int __wrap_EC_KEY_can_sign(const EC_KEY *key)
{
	(void)key;
	return 0;
}

IN_PLACE_OF(EC_KEY_get_conv_form);
point_conversion_form_t __wrap_EC_KEY_get_conv_form(const EC_KEY *key)
{
	(void)key;
	return POINT_CONVERSION_UNCOMPRESSED;
}

IN_PLACE_OF(EC_KEY_get0_group);
const EC_GROUP *__wrap_EC_KEY_get0_group(const EC_KEY *key)
{
	(void)key;
	return NULL;
}

IN_PLACE_OF(EC_GROUP_get_curve_name);
int __wrap_EC_GROUP_get_curve_name(const EC_GROUP *group)
{
	(void)group;
	return NID_undef;
}

IN_PLACE_OF(EC_GROUP_get_field_type);
int __wrap_EC_GROUP_get_field_type(const EC_GROUP *group)
{
	(void)group;
	return NID_undef;
}

/* Of signatures over ASN.1, which nobody verifies here. */
int ossl_rsa_pss_to_ctx(EVP_MD_CTX *digest, EVP_PKEY_CTX *ctx,
			const X509_ALGOR *algorithm, EVP_PKEY *key)
{
	(void)digest;
	(void)ctx;
	(void)algorithm;
	(void)key;
	return -1;
}

/* ---- controls: none is supported ---- */

#define UNSUPPORTED (-2)

int evp_pkey_ctx_ctrl_to_param(EVP_PKEY_CTX *ctx, int keytype, int optype,
			       int cmd, int p1, void *p2)
{
	(void)ctx;
	(void)keytype;
	(void)optype;
	(void)cmd;
	(void)p1;
	(void)p2;
	return UNSUPPORTED;
}

int evp_pkey_ctx_ctrl_str_to_param(EVP_PKEY_CTX *ctx, const char *name,
				   const char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return UNSUPPORTED;
}

int evp_pkey_ctx_set_params_to_ctrl(EVP_PKEY_CTX *ctx, const OSSL_PARAM *params)
{
	(void)ctx;
	(void)params;
	return UNSUPPORTED;
}

int evp_pkey_ctx_get_params_to_ctrl(EVP_PKEY_CTX *ctx, OSSL_PARAM *params)
{
	(void)ctx;
	(void)params;
	return UNSUPPORTED;
}

int evp_pkey_get_params_to_ctrl(const EVP_PKEY *key, OSSL_PARAM *params)
{
	(void)key;
	(void)params;
	return UNSUPPORTED;
}

/* ---- ciphers and hashes by name: the provider has those that are fetched ---- */

void openssl_add_all_ciphers_int(void)
{
}

void openssl_add_all_digests_int(void)
{
}

/* ---- there is no file of a configuration ---- */

int ossl_config_int(const OPENSSL_INIT_SETTINGS *settings)
{
	(void)settings;
	return 1;
}

void ossl_no_config_int(void)
{
}
