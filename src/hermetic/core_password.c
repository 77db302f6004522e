/* The password of an account, which a program without libhermetic's requests sends by itself. */
#include "base/buf.h"
#include "hermetic/core.h"
#include "reach/libraries.h"
#include "reach/passphrase_form.h"
#include "reach/passphrase_password.h"

#include <string.h>

enum hermetic_result hermetic_password(const char *username,
				       const char *passphrase,
				       char password[HERMETIC_PASSWORD_SIZE])
{
	struct buf form = BUF_INIT, made = BUF_INIT;
	enum err e;

	if (username == NULL || passphrase == NULL || password == NULL)
		return HERMETIC_USAGE;
	TRY(libraries_start());
	TRY(passphrase_form(span_str(passphrase), &form));
	TRY(passphrase_password(username, buf_span(&form), &made));
	ENSURE(made.n <= HERMETIC_PASSWORD_SIZE, ERR_LOCAL_BUG);
	memcpy(password, made.p, made.n);
out:
	buf_clear(&form);
	buf_clear(&made);
	return e == ERR_OK ? HERMETIC_OK : HERMETIC_LOCAL;
}
