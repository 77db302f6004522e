/* The extension of bans: whatever decodes is in order, and a user who is put in or taken
 * out gives one that decodes, or none, too. */
#include "fuzz.h"
#include "wire/bans.h"
#include "wire/extension.h"

static void change(const struct bans *bans, struct span user, bool banned)
{
	struct buf changed = BUF_INIT;
	struct bans after;

	if (bans_put_changed(bans, user, banned, &changed) == ERR_OK &&
	    (bans_read(buf_span(&changed), &after) != ERR_OK ||
	     bans_have(&after, user) != banned))
		__builtin_trap();
	buf_clear(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span extensions = span_of(data, size), rest, user;
	struct bans bans;

	if (wire_extensions_check(extensions) != ERR_OK ||
	    bans_read(extensions, &bans) != ERR_OK || !bans.there)
		return 0;
	change(&bans, SPAN_LIT("bob"), true);
	change(&bans, SPAN_LIT("bob"), false);
	rest = bans.rows;
	while (bans_next(&rest, &user))
		change(&bans, user, false);
	return 0;
}
