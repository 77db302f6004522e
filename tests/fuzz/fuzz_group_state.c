/* A group's stored state. What loads is saved again, and is used: damage that
 * the seal around it would have shown must not crash either. */
#include "fuzz.h"

#include <stdlib.h>

#include "mls/group.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mls_group *group = NULL, *again = NULL;
	struct buf saved = BUF_INIT, twice = BUF_INIT;
	struct mls_member member;
	struct mls_event event;
	struct sec exported = { .n = 0 };
	uint32_t leaf = 0;

	if (mls_group_load(span_of(data, size), &group) != ERR_OK)
		return 0;
	if (mls_group_save(group, &saved) != ERR_OK ||
	    mls_group_load(buf_span(&saved), &again) != ERR_OK ||
	    mls_group_save(again, &twice) != ERR_OK ||
	    !span_equal(buf_span(&saved), buf_span(&twice)))
		abort();
	while (mls_group_next_member(group, &leaf, &member))
		;
	if (mls_group_export(group, "label", SPAN_EMPTY, sizeof(exported.b),
			     &exported) != ERR_OK &&
	    exported.n > 0)
		abort();
	if (mls_group_process(group, 0, buf_span(&saved), &event) == ERR_OK)
		abort();
	if (mls_group_has_pending(group) != (mls_group_merge(group) == ERR_OK))
		abort();
	mls_group_free(group);
	mls_group_free(again);
	buf_clear(&saved);
	buf_clear(&twice);
	return 0;
}
