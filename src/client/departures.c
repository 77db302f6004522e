#include "client/departures.h"

enum err departures_of_members(const struct client *c,
			       const struct session *session, struct buf *out)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(session), &leaf, &member))
		if (!span_equal(member.identity, span_str(c->identity)) &&
		    session_departed(session, member.leaf_index))
			buf_put_vec(out, member.identity);
	return buf_end(out);
}
