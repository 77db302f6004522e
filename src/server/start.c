#include "server/start.h"

#include "base/log.h"
#include "base/settings.h"
#include "crypto/library.h"
#include "server/edge/tls.h"

static bool take_tls(const struct start_tls *tls)
{
	bool has_certificate = *tls->certificate != '\0',
	     has_key = *tls->key != '\0';

	if (!has_certificate && !has_key)
		return true;
	if (!has_certificate)
		return settings_complain(tls->certificate_setting,
					 "must be given with a key");
	if (!has_key)
		return settings_complain(tls->key_setting,
					 "must be given with a certificate");
	switch (tls_configure(tls->certificate, tls->key)) {
	case TLS_OK:
		return true;
	case TLS_FAULT_CERTIFICATE:
		return settings_complain(
		    tls->certificate_setting,
		    "must be a file with a certificate (PEM)");
	case TLS_FAULT_KEY:
		return settings_complain(
		    tls->key_setting,
		    "must be a file with a key (PEM, no passphrase)");
	case TLS_FAULT_PAIR:
		return settings_complain(tls->key_setting,
					 "is not the certificate's key");
	}
	return false;
}

bool start_crypto(const struct start_tls *tls)
{
	if (library_start() != ERR_OK) {
		LOG(ERROR, "the cryptographic library cannot start",
		    LOG_STR("library", "libcrypto, libgcrypt"));
		return false;
	}
	return take_tls(tls);
}
