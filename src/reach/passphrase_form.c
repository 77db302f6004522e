#include "reach/passphrase_form.h"

#include "base/sec.h"

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
