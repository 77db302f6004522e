#include "wire/leaf_node.h"

static void capabilities_read(struct rd *r, struct wire_capabilities *c)
{
	c->versions = wire_u16_list_read(r);
	c->cipher_suites = wire_u16_list_read(r);
	c->extensions = wire_u16_list_read(r);
	c->proposals = wire_u16_list_read(r);
	c->credentials = wire_u16_list_read(r);
}

static void capabilities_put(struct buf *b, const struct wire_capabilities *c)
{
	buf_put_vec(b, c->versions);
	buf_put_vec(b, c->cipher_suites);
	buf_put_vec(b, c->extensions);
	buf_put_vec(b, c->proposals);
	buf_put_vec(b, c->credentials);
}

void wire_leaf_node_read(struct rd *r, struct wire_leaf_node *leaf)
{
	struct rd start = *r;

	*leaf = (struct wire_leaf_node){ 0 };
	leaf->encryption_key = rd_vec(r);
	leaf->signature_key = rd_vec(r);
	wire_credential_read(r, &leaf->credential);
	capabilities_read(r, &leaf->capabilities);
	leaf->source = rd_u8(r);
	switch (leaf->source) {
	case WIRE_LEAF_KEY_PACKAGE:
		leaf->not_before = rd_u64(r);
		leaf->not_after = rd_u64(r);
		break;
	case WIRE_LEAF_UPDATE:
		break;
	case WIRE_LEAF_COMMIT:
		leaf->parent_hash = rd_vec(r);
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
	leaf->extensions = wire_extensions_read(r);
	leaf->unsigned_part = wire_since(&start, r);
	leaf->signature = rd_vec(r);
	leaf->encoded = wire_since(&start, r);
}

enum err wire_leaf_node_decode(struct span bytes, struct wire_leaf_node *leaf)
{
	struct rd r = rd_init(bytes);

	wire_leaf_node_read(&r, leaf);
	return rd_end(&r);
}

void wire_leaf_node_put_unsigned(struct buf *b,
				 const struct wire_leaf_node *leaf)
{
	buf_put_vec(b, leaf->encryption_key);
	buf_put_vec(b, leaf->signature_key);
	wire_credential_put(b, &leaf->credential);
	capabilities_put(b, &leaf->capabilities);
	buf_put_u8(b, leaf->source);
	if (leaf->source == WIRE_LEAF_KEY_PACKAGE) {
		buf_put_u64(b, leaf->not_before);
		buf_put_u64(b, leaf->not_after);
	} else if (leaf->source == WIRE_LEAF_COMMIT) {
		buf_put_vec(b, leaf->parent_hash);
	}
	buf_put_vec(b, leaf->extensions);
}

void wire_leaf_node_put(struct buf *b, const struct wire_leaf_node *leaf)
{
	wire_leaf_node_put_unsigned(b, leaf);
	buf_put_vec(b, leaf->signature);
}

void wire_leaf_node_put_tbs(struct buf *b, struct span unsigned_part,
			    uint8_t source, struct span group_id,
			    uint32_t leaf_index)
{
	buf_put(b, unsigned_part);
	if (source == WIRE_LEAF_KEY_PACKAGE)
		return;
	buf_put_vec(b, group_id);
	buf_put_u32(b, leaf_index);
}
