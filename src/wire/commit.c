#include "wire/commit.h"

void wire_hpke_ciphertext_read(struct rd *r, struct wire_hpke_ciphertext *c)
{
	c->kem_output = rd_vec(r);
	c->ciphertext = rd_vec(r);
}

void wire_hpke_ciphertext_put(struct buf *b,
			      const struct wire_hpke_ciphertext *c)
{
	buf_put_vec(b, c->kem_output);
	buf_put_vec(b, c->ciphertext);
}

bool wire_hpke_ciphertexts_next(struct span *rest,
				struct wire_hpke_ciphertext *ciphertext)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	wire_hpke_ciphertext_read(&r, ciphertext);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

static void update_path_node_read(struct rd *r,
				  struct wire_update_path_node *node)
{
	struct wire_hpke_ciphertext ciphertext;
	struct rd inner;

	node->encryption_key = rd_vec(r);
	inner = rd_open_vec(r);
	node->encrypted_path_secrets = span_of(inner.p, inner.n);
	node->encrypted_path_secret_count = 0;
	while (rd_left(&inner) > 0) {
		wire_hpke_ciphertext_read(&inner, &ciphertext);
		node->encrypted_path_secret_count++;
	}
	rd_close(r, &inner);
}

bool wire_update_path_nodes_next(struct span *rest,
				 struct wire_update_path_node *node)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	update_path_node_read(&r, node);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

static void update_path_node_put(struct buf *b,
				 const struct wire_update_path_node *node)
{
	struct span rest = node->encrypted_path_secrets;
	struct wire_hpke_ciphertext ciphertext;
	size_t vec;

	buf_put_vec(b, node->encryption_key);
	vec = buf_open_vec(b);
	while (wire_hpke_ciphertexts_next(&rest, &ciphertext))
		wire_hpke_ciphertext_put(b, &ciphertext);
	buf_close_vec(b, vec);
}

void wire_update_path_read(struct rd *r, struct wire_update_path *path)
{
	struct rd start = *r, inner;
	struct wire_update_path_node node;

	*path = (struct wire_update_path){ 0 };
	wire_leaf_node_read(r, &path->leaf_node);
	inner = rd_open_vec(r);
	path->nodes = span_of(inner.p, inner.n);
	while (rd_left(&inner) > 0) {
		update_path_node_read(&inner, &node);
		path->node_count++;
	}
	rd_close(r, &inner);
	path->encoded = wire_since(&start, r);
}

enum err wire_update_path_decode(struct span bytes,
				 struct wire_update_path *path)
{
	struct rd r = rd_init(bytes);

	wire_update_path_read(&r, path);
	return rd_end(&r);
}

void wire_update_path_put(struct buf *b, const struct wire_update_path *path)
{
	struct span rest = path->nodes;
	struct wire_update_path_node node;
	size_t vec;

	wire_leaf_node_put(b, &path->leaf_node);
	vec = buf_open_vec(b);
	while (wire_update_path_nodes_next(&rest, &node))
		update_path_node_put(b, &node);
	buf_close_vec(b, vec);
}

static void proposal_or_ref_read(struct rd *r,
				 struct wire_proposal_or_ref *item)
{
	item->type = rd_u8(r);
	item->reference = SPAN_EMPTY;
	if (item->type == WIRE_BY_VALUE)
		wire_proposal_read(r, &item->proposal);
	else if (item->type == WIRE_BY_REFERENCE)
		item->reference = rd_vec(r);
	else
		rd_fail(r, ERR_PEER_MALFORMED);
}

bool wire_proposals_next(struct span *rest, struct wire_proposal_or_ref *item)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	proposal_or_ref_read(&r, item);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

void wire_proposal_or_ref_put(struct buf *b,
			      const struct wire_proposal_or_ref *item)
{
	buf_put_u8(b, item->type);
	if (item->type == WIRE_BY_VALUE)
		wire_proposal_put(b, &item->proposal);
	else
		buf_put_vec(b, item->reference);
}

void wire_commit_read(struct rd *r, struct wire_commit *commit)
{
	struct rd start = *r, inner;
	struct wire_proposal_or_ref item;

	*commit = (struct wire_commit){ 0 };
	inner = rd_open_vec(r);
	commit->proposals = span_of(inner.p, inner.n);
	while (rd_left(&inner) > 0) {
		proposal_or_ref_read(&inner, &item);
		commit->proposal_count++;
	}
	rd_close(r, &inner);
	commit->has_path = wire_optional_read(r);
	if (commit->has_path)
		wire_update_path_read(r, &commit->path);
	commit->encoded = wire_since(&start, r);
}

enum err wire_commit_decode(struct span bytes, struct wire_commit *commit)
{
	struct rd r = rd_init(bytes);

	wire_commit_read(&r, commit);
	return rd_end(&r);
}

void wire_commit_put(struct buf *b, const struct wire_commit *commit)
{
	struct span rest = commit->proposals;
	struct wire_proposal_or_ref item;
	size_t vec = buf_open_vec(b);

	while (wire_proposals_next(&rest, &item))
		wire_proposal_or_ref_put(b, &item);
	buf_close_vec(b, vec);
	buf_put_u8(b, commit->has_path);
	if (commit->has_path)
		wire_update_path_put(b, &commit->path);
}
