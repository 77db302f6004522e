#include "reach/passphrase_form.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/password.h"

#include <stdlib.h>
#include <utf8proc.h>

static utf8proc_int32_t one_space(utf8proc_int32_t point, void *context)
{
	(void)context;
	return utf8proc_category(point) == UTF8PROC_CATEGORY_ZS ? ' ' : point;
}

static const utf8proc_option_t FORM_KC =
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;

/* The points have room for their UTF-8, too, which is made in their place. */
static enum err compose(struct span typed, utf8proc_int32_t *points,
			utf8proc_ssize_t count, struct buf *form)
{
	utf8proc_ssize_t n =
	    utf8proc_decompose_custom(typed.p, (utf8proc_ssize_t)typed.n,
				      points, count, FORM_KC, one_space, NULL);

	if (n < 0 || n > count)
		return ERR_LOCAL_BUG;
	n = utf8proc_reencode(points, n, FORM_KC);
	if (n < 0)
		return ERR_LOCAL_BUG;
	buf_put(form, span_of((const uint8_t *)points, (size_t)n));
	return form->fail;
}

enum err passphrase_form(struct span typed, struct buf *form)
{
	utf8proc_ssize_t count =
	    utf8proc_decompose_custom(typed.p, (utf8proc_ssize_t)typed.n, NULL,
				      0, FORM_KC, one_space, NULL);
	utf8proc_int32_t *points;
	size_t size;
	enum err e;

	if (count < 0 || typed.n == 0) {
		buf_put(form, typed);
		return form->fail;
	}
	size = ((size_t)count + 1) * sizeof(*points);
	points = malloc(size);
	if (points == NULL)
		return ERR_LOCAL_MEMORY;
	e = compose(typed, points, count, form);
	sec_wipe(points, size);
	free(points);
	return e;
}

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
