/* GroupInfos of a session, and their trees, of session.h. */
#include "check/group_places.h"
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

static enum err decode(struct span group_info, struct wire_message *message)
{
	enum err e;

	TRY(wire_message_decode(group_info, message));
	ENSURE(message->format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
out:
	return e;
}

/* The places that are given are those of the root. */
static enum err check_places(const struct wire_group_info *info,
			     struct span rows)
{
	struct place_map map = { .there = false };
	enum err e = group_places_of_rows(info->context.extensions, rows, &map);

	place_map_clear(&map);
	return e;
}

enum err session_info_keep(struct span group_info, struct session_beside beside,
			   struct buf *out)
{
	struct wire_beside kept = { beside.tree, beside.places.n > 0,
				    beside.places };
	struct wire_message message;
	enum err e;

	TRY(decode(group_info, &message));
	ENSURE(beside.tree.n == 0 ||
		   wire_group_info_beside(message.group_info.extensions),
	       ERR_PEER_INVALID);
	if (kept.has_places)
		TRY(check_places(&message.group_info, kept.places));
	wire_message_put_header(out, WIRE_GROUP_INFO);
	wire_group_info_put_kept(out, &message.group_info, &kept);
	TRY(buf_end(out));
out:
	return e;
}

enum err session_info_put_places(const struct session *session,
				 struct buf *group_info)
{
	struct wire_beside kept = { .has_places = true };
	struct buf rows = BUF_INIT, made = BUF_INIT;
	struct wire_message message;
	enum err e;

	if (!session->places.there)
		return ERR_OK;
	place_map_put(&session->places, &rows);
	TRY(buf_end(&rows));
	kept.places = buf_span(&rows);
	TRY(decode(buf_span(group_info), &message));
	wire_message_put_header(&made, WIRE_GROUP_INFO);
	wire_group_info_put_kept(&made, &message.group_info, &kept);
	TRY(buf_end(&made));
	buf_clear(group_info);
	*group_info = made;
	made = BUF_INIT;
out:
	buf_clear(&rows);
	buf_clear(&made);
	return e;
}

enum err session_info(const struct session *session,
		      const struct mls_identity *me, struct buf *group_info)
{
	enum err e;

	TRY(mls_group_info(session->group, me, true, group_info));
	e = session_info_put_places(session, group_info);
	if (e != ERR_OK)
		buf_clear(group_info);
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
	struct wire_beside beside;
	enum err e;

	TRY(decode(group_info, &message));
	TRY(wire_group_info_apart(&message.group_info, &info, &beside));
	TRY(group_places_of_info(&message.group_info, &s->places));
	how->tree = beside.tree;
	if (how->tree.n > 0) {
		how->tree_beside_info = true;
		how->info_extensions = session_info_marker();
	}
	if (how->tree.n > 0 || beside.has_places) {
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

	TRY(decode(group_info, &message));
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
