/* The GroupInfo that a walk has come to, of check/walk.h: all of it but what its
 * signer alone can make is known to who followed the group. */
#include "check/form.h"
#include "check/label.h"
#include "check/walk_state.h"
#include "wire/group_info.h"
#include "wire/message.h"

static struct check_verdict read_part(struct span bytes,
				      struct wire_group_info_part *part)
{
	if (wire_group_info_part_decode(bytes, part) != ERR_OK)
		return check_wrong("partial_group_info does not decode");
	return check_wrong(NULL);
}

/* The GroupInfo as it was signed, without a tree; borrows. */
static struct wire_group_info info_of(const struct check_walk *walk,
				      const struct wire_group_info_part *part)
{
	return (struct wire_group_info){
		.context = walk->context,
		.extensions = part->extensions,
		.confirmation_tag = buf_span(&walk->tag),
		.signer = walk->committer,
		.signature = part->signature,
	};
}

static enum err put(const struct check_walk *walk,
		    const struct wire_group_info_part *part, struct buf *out)
{
	struct wire_beside beside = { .has_places = walk->places.there };
	struct wire_group_info info = info_of(walk, part);
	struct buf tree = BUF_INIT, places = BUF_INIT;
	enum err e;

	TRY(check_walk_put_tree(walk, &tree));
	TRY(check_walk_put_places(walk, &places));
	beside.tree = buf_span(&tree);
	beside.places = buf_span(&places);
	wire_message_put_header(out, WIRE_GROUP_INFO);
	wire_group_info_put_kept(out, &info, &beside);
	TRY(buf_end(out));
out:
	buf_clear(&tree);
	buf_clear(&places);
	return e;
}

struct check_verdict check_walk_put_info(const struct check_walk *walk,
					 struct span part_bytes,
					 struct buf *out)
{
	struct wire_group_info_part part;
	struct check_verdict verdict = read_part(part_bytes, &part);

	if (verdict.wrong == NULL)
		verdict = check_verdict_of(put(walk, &part, out),
					   "the group is too large");
	return verdict;
}

static enum err put_with_places(const struct check_walk *walk,
				const struct wire_group_info *info,
				struct buf *out)
{
	struct wire_beside beside = { .has_places = walk->places.there };
	struct buf places = BUF_INIT;
	struct wire_group_info apart;
	struct wire_beside given;
	enum err e;

	TRY(wire_group_info_apart(info, &apart, &given));
	if (given.has_places) /* check_walk_matches() has compared them */
		beside.has_places = false;
	TRY(check_walk_put_places(walk, &places));
	beside.places = buf_span(&places);
	wire_message_put_header(out, WIRE_GROUP_INFO);
	wire_group_info_put_kept(out, info, &beside);
	TRY(buf_end(out));
out:
	buf_clear(&places);
	return e;
}

struct check_verdict check_walk_keep_info(const struct check_walk *walk,
					  struct span group_info,
					  struct buf *out)
{
	struct wire_message message;

	if (wire_message_decode(group_info, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return check_wrong("group_info does not decode");
	return check_verdict_of(put_with_places(walk, &message.group_info, out),
				"group_info's places do not stand last");
}

/* GroupInfoTBS, with the tree where it does not go beside. */
static enum err put_tbs(const struct check_walk *walk,
			const struct wire_group_info_part *part,
			struct buf *tbs)
{
	struct wire_group_info info = info_of(walk, part);
	struct buf extensions = BUF_INIT, tree = BUF_INIT;
	enum err e;

	if (!wire_group_info_beside(part->extensions)) {
		TRY(check_walk_put_tree(walk, &tree));
		buf_put(&extensions, part->extensions);
		wire_extension_put(&extensions, WIRE_EXTENSION_RATCHET_TREE,
				   buf_span(&tree));
		TRY(buf_end(&extensions));
		info.extensions = buf_span(&extensions);
	}
	wire_group_info_put_unsigned(tbs, &info);
	TRY(buf_end(tbs));
out:
	buf_clear(&extensions);
	buf_clear(&tree);
	return e;
}

static const char *check_signed(const struct check_walk *walk,
				struct span signature, struct span tbs)
{
	const struct wire_leaf_node *signer =
	    check_tree_leaf(&walk->tree, walk->committer);

	return signer != NULL &&
		       check_label(walk->suite, signer->signature_key,
				   "GroupInfoTBS", tbs, signature) == ERR_OK
		   ? NULL
		   : "partial_group_info's signature does not verify";
}

struct check_verdict check_walk_check_part(const struct check_walk *walk,
					   struct span part_bytes)
{
	struct buf tbs = BUF_INIT;
	struct wire_group_info_part part;
	struct check_verdict verdict = read_part(part_bytes, &part);

	if (verdict.wrong == NULL)
		verdict.wrong =
		    check_form_external_pub(walk->suite, part.extensions);
	if (verdict.wrong == NULL)
		verdict = check_verdict_of(put_tbs(walk, &part, &tbs),
					   "the group is too large");
	if (verdict.wrong == NULL)
		verdict.wrong =
		    check_signed(walk, part.signature, buf_span(&tbs));
	buf_clear(&tbs);
	return verdict;
}

uint32_t check_walk_width(const struct check_walk *walk)
{
	return walk->tree.leaf_count;
}

uint32_t check_walk_member_count(const struct check_walk *walk)
{
	return check_tree_member_count(&walk->tree);
}

bool check_walk_is_rooted(const struct check_walk *walk)
{
	return walk->places.there;
}

const struct place_map *check_walk_places(const struct check_walk *walk)
{
	return &walk->places;
}

enum err check_walk_put_places(const struct check_walk *walk, struct buf *rows)
{
	place_map_put(&walk->places, rows);
	return buf_end(rows);
}

enum err check_walk_put_tree(const struct check_walk *walk, struct buf *out)
{
	check_tree_put(&walk->tree, out);
	return buf_end(out);
}
