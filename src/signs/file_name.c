#include "signs/file_name.h"

#include "base/text.h"
#include "signs/cluster.h"

#include <string.h>

#define ENDING_MAX                                                             \
	16 /* bytes with the dot: what is longer is part of a sentence */
#define UNKNOWN "\xef\xbf\xbd" /* U+FFFD */

static size_t last_dot(struct span name)
{
	const uint8_t *dot =
	    name.n > 1 ? memrchr(name.p + 1, '.', name.n - 1) : NULL;
	size_t at = dot != NULL ? (size_t)(dot - name.p) : name.n;

	if (dot == NULL || name.n - at > ENDING_MAX ||
	    memchr(dot, ' ', name.n - at) != NULL)
		return name.n;
	return at;
}

size_t file_name_stem(struct span name)
{
	size_t at = last_dot(name);
	size_t inner = last_dot(span_of(name.p, at));

	if (at == 0) /* no name may have no address */
		return 0;
	return span_equal(span_of(name.p + inner, at - inner), SPAN_LIT(".tar"))
		   ? inner
		   : at;
}

static void put_valid(struct buf *out, struct span name)
{
	uint32_t c;

	for (size_t i = 0, n; i<name.n; i += n> 0 ? n : 1) {
		n = text_character(span_of(name.p + i, name.n - i), &c);
		if (n == 0)
			buf_put_str(out, UNKNOWN);
		else
			buf_put(out, span_of(name.p + i, n));
	}
}

struct span file_name_cut(struct span stem, size_t max)
{
	size_t at = 0, n;

	for (; at < stem.n; at += n) {
		n = cluster_length(span_of(stem.p + at, stem.n - at));
		if (at + n > max)
			break;
	}
	/* one sign of so many bytes */
	return at > 0 || stem.n == 0 ? span_of(stem.p, at)
				     : text_cut(stem, max);
}

void file_name_put(struct buf *out, struct span name, size_t max)
{
	struct buf valid = BUF_INIT;
	struct span whole;
	size_t stem;

	put_valid(&valid, name);
	if (buf_end(&valid) != ERR_OK) {
		out->fail = valid.fail;
		return;
	}
	if (valid.n == 0) /* nothing has no address */
		return;
	whole = buf_span(&valid);
	stem = file_name_stem(whole);
	if (whole.n - stem >= max)
		stem = whole.n;
	buf_put(out,
		file_name_cut(span_of(whole.p, stem),
			      whole.n > max ? max - (whole.n - stem) : max));
	buf_put(out, span_of(whole.p + stem, whole.n - stem));
	buf_clear(&valid);
}
