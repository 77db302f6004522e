#include "check/label.h"

#include <stdio.h>

#include "crypto/sign.h"

enum err check_label(const struct suite *suite, struct span key,
		     const char *label, struct span content,
		     struct span signature)
{
	struct sign_key *parsed = NULL;
	struct buf signed_part = BUF_INIT;
	char full[64];
	enum err e;

	(void)snprintf(full, sizeof(full), "MLS 1.0 %s", label);
	buf_put_vec(&signed_part, span_str(full));
	buf_put_vec(&signed_part, content);
	TRY(buf_end(&signed_part));
	TRY(sign_public_parse(suite, key, &parsed));
	TRY(sign_verify(parsed, buf_span(&signed_part), signature));
out:
	sign_key_free(parsed);
	buf_clear(&signed_part);
	return e;
}
