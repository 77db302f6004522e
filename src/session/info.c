/* GroupInfos of a session, and their trees, of session.h. */
#include "session/state.h"
#include "wire/extension.h"
#include "wire/key_package.h"
#include "wire/message.h"

struct span session_info_marker(void)
{
	static const uint8_t marker[] = { INFO_BESIDE_EXTENSION >> 8,
					  INFO_BESIDE_EXTENSION & 0xff, 0 };

	return SPAN_ARRAY(marker);
}

enum err session_info_keep(struct span group_info, struct span tree,
			   struct buf *out)
{
	struct wire_message message;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	ENSURE(wire_group_info_beside(message.group_info.extensions),
	       ERR_PEER_INVALID);
	wire_message_put_header(out, WIRE_GROUP_INFO);
	wire_group_info_put_kept(out, &message.group_info, tree);
	TRY(buf_end(out));
out:
	return e;
}

const struct suite *session_group_info_suite(struct span group_info)
{
	struct wire_message message;

	if (wire_message_decode(group_info, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return NULL;
	return suite_by_id(message.group_info.context.cipher_suite);
}

enum err session_join_group(struct session *s, const struct mls_identity *me,
			    struct span group_info, struct mls_external *how,
			    struct mls_commit *made)
{
	struct wire_message message;
	struct wire_group_info info;
	struct buf alone = BUF_INIT;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	TRY(wire_group_info_apart(&message.group_info, &info, &how->tree));
	if (how->tree.n > 0) {
		how->tree_beside_info = true;
		how->info_extensions = session_info_marker();
		wire_message_put_header(&alone, WIRE_GROUP_INFO);
		wire_group_info_put(&alone, &info);
		TRY(buf_end(&alone));
		group_info = buf_span(&alone);
	}
	TRY(mls_group_join_external(me, group_info, how, &s->group, made));
out:
	buf_clear(&alone);
	return e;
}

enum err session_staged_info(const struct session *session,
			     const struct mls_identity *me,
			     struct buf *group_info)
{
	return mls_group_info_staged(session->group, me, true, group_info);
}

bool session_packages_list(const struct span *adds, size_t count, uint16_t type)
{
	struct wire_key_package kp;

	for (size_t i = 0; i < count; i++)
		if (wire_key_package_decode(adds[i], &kp) != ERR_OK ||
		    !wire_u16_list_has(kp.leaf_node.capabilities.extensions,
				       type))
			return false;
	return true;
}

bool session_tree_beside(const struct session *session, const struct span *adds,
			 size_t count, uint32_t large)
{
	return count > 0 &&
	       session_packages_list(adds, count, TREE_BESIDE_EXTENSION) &&
	       mls_group_member_count(session->group) + count >= large;
}

bool session_info_beside(const struct session *session, const struct span *adds,
			 size_t count, uint32_t large)
{
	return mls_group_all_list(session->group, INFO_BESIDE_EXTENSION) &&
	       session_packages_list(adds, count, INFO_BESIDE_EXTENSION) &&
	       mls_group_member_count(session->group) + count >= large;
}

enum err session_info_part(struct span group_info, struct buf *part)
{
	struct wire_message message;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	TRY(wire_group_info_part_of(&message.group_info, part));
out:
	return e;
}

bool session_part_beside(struct span part)
{
	struct wire_group_info_part read;

	return wire_group_info_part_decode(part, &read) == ERR_OK &&
	       wire_group_info_beside(read.extensions);
}
