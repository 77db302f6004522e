#include "wire/key_package.h"

void wire_key_package_read(struct rd *r, struct wire_key_package *kp)
{
	struct rd start = *r;

	*kp = (struct wire_key_package){ 0 };
	kp->version = rd_u16(r);
	kp->cipher_suite = rd_u16(r);
	kp->init_key = rd_vec(r);
	wire_leaf_node_read(r, &kp->leaf_node);
	/* 10: "unknown extensions in KeyPackage.extensions MUST be ignored" */
	kp->extensions = wire_extensions_read(r);
	kp->unsigned_part = wire_since(&start, r);
	kp->signature = rd_vec(r);
	kp->encoded = wire_since(&start, r);
}

enum err wire_key_package_decode(struct span bytes, struct wire_key_package *kp)
{
	struct rd r = rd_init(bytes);

	wire_key_package_read(&r, kp);
	return rd_end(&r);
}

void wire_key_package_put_unsigned(struct buf *b,
				   const struct wire_key_package *kp)
{
	buf_put_u16(b, kp->version);
	buf_put_u16(b, kp->cipher_suite);
	buf_put_vec(b, kp->init_key);
	buf_put(b, kp->leaf_node.encoded);
	buf_put_vec(b, kp->extensions);
}

void wire_key_package_put(struct buf *b, const struct wire_key_package *kp)
{
	wire_key_package_put_unsigned(b, kp);
	buf_put_vec(b, kp->signature);
}
