/* The extension of who is invited: whatever decodes is in order, and an invitation that is
 * put in or taken out gives one that decodes, too. */
#include "fuzz.h"
#include "wire/extension.h"
#include "wire/invited.h"

static bool is_of(const void *user, const struct invitation *one)
{
	return span_equal(*(const struct span *)user, one->user);
}

static void expect(struct span extension, struct span user, bool there)
{
	struct invitation one;
	struct invited after;

	if (invited_read(extension, &after) != ERR_OK || !after.there ||
	    invited_find(&after, user, &one) != there)
		__builtin_trap();
}

static void change(const struct invited *invited, const struct invitation *one)
{
	struct buf changed = BUF_INIT;

	if (invited_put_with(invited, one, &changed) == ERR_OK)
		expect(buf_span(&changed), one->user, true);
	buf_clear(&changed);
	if (invited_put_without(invited, is_of, &one->user, &changed) == ERR_OK)
		expect(buf_span(&changed), one->user, false);
	buf_clear(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct invitation one = { SPAN_LIT("bob"), SPAN_LIT("alice"), 7 };
	struct span extensions = span_of(data, size), rest;
	struct invited invited;

	if (wire_extensions_check(extensions) != ERR_OK ||
	    invited_read(extensions, &invited) != ERR_OK || !invited.there)
		return 0;
	change(&invited, &one);
	rest = invited.rows;
	while (invited_next(&rest, &one))
		change(&invited, &one);
	return 0;
}
