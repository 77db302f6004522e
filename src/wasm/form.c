/* passphrase_form(), fold_put() and cluster_length() by the host's tables of Unicode, in the place of
 * utf8proc's: these make a sixth of a module. */
#include "reach/fold.h"
#include "reach/passphrase_form.h"
#include "signs/cluster.h"

#include "base/text.h"
#include "wasm/binding.h"

#include <string.h>

/* The one space of another kind that form KC leaves: U+1680. */
static const uint8_t OGHAM_SPACE[] = { 0xe1, 0x9a, 0x80 };

static void put_spaces(struct span typed, struct buf *out)
{
	for (size_t i = 0; i < typed.n; i++) {
		if (typed.n - i >= sizeof(OGHAM_SPACE) &&
		    memcmp(typed.p + i, OGHAM_SPACE, sizeof(OGHAM_SPACE)) ==
			0) {
			buf_put_u8(out, ' ');
			i += sizeof(OGHAM_SPACE) - 1;
		} else {
			buf_put_u8(out, typed.p[i]);
		}
	}
}

/* Appends what the host has made, of that size. */
static enum err put_host(int size, struct buf *out)
{
	uint8_t *to;
	enum err e = ERR_OK;

	ENSURE(size >= 0, ERR_LOCAL_MEMORY);
	to = buf_append(out, (size_t)size);
	ENSURE(to != NULL, out->fail);
	host_read(to);
out:
	return e;
}

enum err passphrase_form(struct span typed, struct buf *form)
{
	struct buf spaced = BUF_INIT;
	enum err e;

	if (typed.n == 0 || !text_is_utf8(typed)) {
		buf_put(form, typed);
		return form->fail;
	}
	put_spaces(typed, &spaced);
	TRY(buf_end(&spaced));
	TRY(put_host(host_normalize(spaced.p, spaced.n), form));
out:
	buf_clear(&spaced);
	return e;
}

void fold_put(struct buf *out, struct span text)
{
	if (text.n == 0 || !text_is_utf8(text))
		buf_put(out, text);
	else if (put_host(host_fold(text.p, text.n), out) != ERR_OK)
		out->fail = ERR_LOCAL_MEMORY;
}

size_t cluster_length(struct span text)
{
	uint32_t first;
	size_t least = text_character(text, &first);
	int length;

	if (least == 0)
		return text.n > 0 ? 1 : 0;
	length = host_cluster(text.p, text.n);
	return length > 0 && (size_t)length <= text.n ? (size_t)length : least;
}
