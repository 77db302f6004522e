/*
 * OpenSSL's default provider with the algorithms that src/crypto fetches, and those that
 * they fetch themselves. It stands in the place of OpenSSL's own, whose table would bring
 * every algorithm into the module; so it is written against headers inside OpenSSL 3.5.
 * The curves of P-256 and its like are for the engine's other suites, which tests use:
 * a device has none, so the module has none.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>

#include <prov/implementations.h>
#include <prov/names.h>
#include <prov/provider_ctx.h>
#include <prov/seeding.h>

OSSL_provider_init_fn ossl_default_provider_init;
OSSL_provider_init_fn ossl_base_provider_init;

#define ROW(names, functions)                                                  \
	{                                                                      \
		names, "provider=default", functions, NULL                     \
	}
#define END                                                                    \
	{                                                                      \
		NULL, NULL, NULL, NULL                                         \
	}

static const OSSL_ALGORITHM digests[] = {
	ROW(PROV_NAMES_SHA2_256, ossl_sha256_functions),
	ROW(PROV_NAMES_SHA2_384, ossl_sha384_functions),
	ROW(PROV_NAMES_SHA2_512, ossl_sha512_functions),
	ROW(PROV_NAMES_SHA3_256, ossl_sha3_256_functions), /* X-Wing, ML-KEM */
	ROW(PROV_NAMES_SHA3_512, ossl_sha3_512_functions), /* ML-KEM */
	ROW(PROV_NAMES_SHAKE_128, ossl_shake_128_functions), /* ML-KEM */
	ROW(PROV_NAMES_SHAKE_256, ossl_shake_256_functions), /* Ed448, ML-KEM */
	END
};

/* ECB and CTR are the generator's. */
static const OSSL_ALGORITHM ciphers[] = {
	ROW(PROV_NAMES_AES_128_GCM, ossl_aes128gcm_functions),
	ROW(PROV_NAMES_AES_256_GCM, ossl_aes256gcm_functions),
	ROW(PROV_NAMES_AES_256_ECB, ossl_aes256ecb_functions),
	ROW(PROV_NAMES_AES_256_CTR, ossl_aes256ctr_functions),
	ROW(PROV_NAMES_AES_256_WRAP_PAD, ossl_aes256wrappad_functions),
	ROW(PROV_NAMES_ChaCha20_Poly1305,
	    ossl_chacha20_ossl_poly1305_functions),
	END
};

static const OSSL_ALGORITHM kdfs[] = {
	ROW(PROV_NAMES_SCRYPT, ossl_kdf_scrypt_functions),
	ROW(PROV_NAMES_PBKDF2, ossl_kdf_pbkdf2_functions), /* scrypt */
	END
};

static const OSSL_ALGORITHM generators[] = {
	ROW(PROV_NAMES_CTR_DRBG, ossl_drbg_ctr_functions), END
};

static const OSSL_ALGORITHM keys[] = {
	ROW(PROV_NAMES_X25519, ossl_x25519_keymgmt_functions),
	ROW(PROV_NAMES_X448, ossl_x448_keymgmt_functions),
	ROW(PROV_NAMES_ED25519, ossl_ed25519_keymgmt_functions),
	ROW(PROV_NAMES_ED448, ossl_ed448_keymgmt_functions),
	ROW(PROV_NAMES_ML_KEM_768, ossl_ml_kem_768_keymgmt_functions),
#ifndef HERMETIC_WASM_MODULE
	ROW(PROV_NAMES_EC, ossl_ec_keymgmt_functions),
#endif
	END
};

static const OSSL_ALGORITHM agreements[] = {
	ROW(PROV_NAMES_X25519, ossl_x25519_keyexch_functions),
	ROW(PROV_NAMES_X448, ossl_x448_keyexch_functions),
#ifndef HERMETIC_WASM_MODULE
	ROW(PROV_NAMES_ECDH, ossl_ecdh_keyexch_functions),
#endif
	END
};

static const OSSL_ALGORITHM encapsulations[] = {
	ROW(PROV_NAMES_ML_KEM_768, ossl_ml_kem_asym_kem_functions), END
};

static const OSSL_ALGORITHM signatures[] = {
	ROW(PROV_NAMES_ED25519, ossl_ed25519_signature_functions),
	ROW(PROV_NAMES_ED448, ossl_ed448_signature_functions),
#ifndef HERMETIC_WASM_MODULE
	ROW(PROV_NAMES_ECDSA, ossl_ecdsa_signature_functions),
#endif
	END
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_DIGEST:
		return digests;
	case OSSL_OP_CIPHER:
		return ciphers;
	case OSSL_OP_KDF:
		return kdfs;
	case OSSL_OP_RAND:
		return generators;
	case OSSL_OP_KEYMGMT:
		return keys;
	case OSSL_OP_KEYEXCH:
		return agreements;
	case OSSL_OP_KEM:
		return encapsulations;
	case OSSL_OP_SIGNATURE:
		return signatures;
	default:
		return NULL;
	}
}

static void teardown(void *provider)
{
	ossl_prov_ctx_free(provider);
}

/* The algorithms want the library context that they were fetched by. */
static PROV_CTX *make_context(const OSSL_CORE_HANDLE *handle,
			      const OSSL_DISPATCH *core)
{
	OSSL_FUNC_core_get_libctx_fn *get_context = NULL;
	PROV_CTX *made = ossl_prov_ctx_new();

	for (; core->function_id != 0; core++)
		if (core->function_id == OSSL_FUNC_CORE_GET_LIBCTX)
			get_context = OSSL_FUNC_core_get_libctx(core);
	if (made == NULL || get_context == NULL) {
		ossl_prov_ctx_free(made);
		return NULL;
	}
	ossl_prov_ctx_set0_libctx(made, (OSSL_LIB_CTX *)get_context(handle));
	ossl_prov_ctx_set0_handle(made, handle);
	return made;
}

int ossl_default_provider_init(const OSSL_CORE_HANDLE *handle,
			       const OSSL_DISPATCH *core,
			       const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
		{ 0, NULL },
	};

	if (!ossl_prov_seeding_from_dispatch(core))
		return 0;
	*provider = make_context(handle, core);
	*out = functions;
	return *provider != NULL;
}

/* It reads and writes keys in files, which nobody does here. */
int ossl_base_provider_init(const OSSL_CORE_HANDLE *handle,
			    const OSSL_DISPATCH *core,
			    const OSSL_DISPATCH **out, void **provider)
{
	(void)handle;
	(void)core;
	(void)out;
	(void)provider;
	return 0;
}
