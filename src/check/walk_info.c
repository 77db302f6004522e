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

/* `tbs`: where the GroupInfo's unsigned part stands in `out`. */
static enum err put(const struct check_walk *walk,
		    const struct wire_group_info_part *part, struct buf *out,
		    size_t *tbs, size_t *tbs_end)
{
	struct buf tree = BUF_INIT;
	size_t vec;
	enum err e;

	check_tree_put(&walk->tree, &tree);
	TRY(buf_end(&tree));
	wire_message_put_header(out, WIRE_GROUP_INFO);
	*tbs = out->n;
	buf_put(out, buf_span(&walk->encoded));
	vec = buf_open_vec(out);
	buf_put(out, part->extensions);
	wire_extension_put(out, WIRE_EXTENSION_RATCHET_TREE, buf_span(&tree));
	buf_close_vec(out, vec);
	buf_put_vec(out, buf_span(&walk->tag));
	buf_put_u32(out, walk->committer);
	*tbs_end = out->n;
	buf_put_vec(out, part->signature);
	TRY(buf_end(out));
out:
	buf_clear(&tree);
	return e;
}

struct check_verdict check_walk_put_info(const struct check_walk *walk,
					 struct span bytes, struct buf *out)
{
	struct wire_group_info_part part;
	struct check_verdict verdict = read_part(bytes, &part);
	size_t tbs, tbs_end;

	if (verdict.wrong == NULL)
		verdict =
		    check_verdict_of(put(walk, &part, out, &tbs, &tbs_end),
				     "the group is too large");
	return verdict;
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

struct check_verdict check_walk_complete(const struct check_walk *walk,
					 struct span bytes, struct buf *out)
{
	struct buf made = BUF_INIT;
	struct wire_group_info_part part;
	struct check_verdict verdict = read_part(bytes, &part);
	size_t tbs = 0, tbs_end = 0;

	if (verdict.wrong == NULL)
		verdict.wrong =
		    check_form_external_pub(walk->suite, part.extensions);
	if (verdict.wrong == NULL)
		verdict =
		    check_verdict_of(put(walk, &part, &made, &tbs, &tbs_end),
				     "the group is too large");
	if (verdict.wrong == NULL)
		verdict.wrong = check_signed(
		    walk, part.signature, span_of(made.p + tbs, tbs_end - tbs));
	if (verdict.wrong == NULL) {
		buf_put(out, buf_span(&made));
		verdict = check_verdict_of(buf_end(out), "no memory");
	}
	buf_clear(&made);
	return verdict;
}

uint32_t check_walk_width(const struct check_walk *walk)
{
	return walk->tree.leaf_count;
}

enum err check_walk_put_tree(const struct check_walk *walk, struct buf *out)
{
	check_tree_put(&walk->tree, out);
	return buf_end(out);
}
