#include "server/tls_files.h"

#include "base/settings.h"
#include "server/edge/tls.h"

bool tls_files_take(const char *certificate_setting, const char *certificate,
		    const char *key_setting, const char *key)
{
	bool has_certificate = *certificate != '\0', has_key = *key != '\0';

	if (!has_certificate && !has_key)
		return true;
	if (!has_certificate)
		return settings_complain(certificate_setting,
					 "must be given with a key");
	if (!has_key)
		return settings_complain(key_setting,
					 "must be given with a certificate");
	switch (tls_configure(certificate, key)) {
	case TLS_OK:
		return true;
	case TLS_FAULT_CERTIFICATE:
		return settings_complain(
		    certificate_setting,
		    "must be a file with a certificate (PEM)");
	case TLS_FAULT_KEY:
		return settings_complain(
		    key_setting,
		    "must be a file with a key (PEM, no passphrase)");
	case TLS_FAULT_PAIR:
		return settings_complain(key_setting,
					 "is not the certificate's key");
	}
	return false;
}
