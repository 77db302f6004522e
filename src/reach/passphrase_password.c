#include "reach/passphrase_password.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/password.h"

/* base64url(HKDF-SHA-256(master, "hermetic password")). */
enum err passphrase_password(const char *username, struct span passphrase,
			     struct buf *password)
{
	const struct suite *sha256 =
	    suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	struct sec master = { 0 }, prk = { 0 }, derived = { 0 };
	struct buf salt = BUF_INIT;
	enum err e;

	buf_putf(&salt, "hermetic%s", username);
	TRY(buf_end(&salt));
	TRY(password_derive(passphrase, buf_span(&salt), PASSWORD_COST, 32,
			    &master));
	TRY(hash_extract(sha256, SPAN_EMPTY, sec_span(&master), &prk));
	TRY(hash_expand(sha256, sec_span(&prk), SPAN_LIT("hermetic password"),
			32, &derived));
	text_put_base64url(password, sec_span(&derived));
	buf_put_u8(password, 0);
	TRY(buf_end(password));
out:
	sec_clear(&master);
	sec_clear(&prk);
	sec_clear(&derived);
	buf_clear(&salt);
	return e;
}
