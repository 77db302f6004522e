#include "wire/welcome.h"

static void encrypted_group_secrets_read(
    struct rd *r, struct wire_encrypted_group_secrets *item)
{
	item->new_member = rd_vec(r);
	wire_hpke_ciphertext_read(r, &item->secrets);
}

void wire_encrypted_group_secrets_put(
    struct buf *b, const struct wire_encrypted_group_secrets *item)
{
	buf_put_vec(b, item->new_member);
	wire_hpke_ciphertext_put(b, &item->secrets);
}

bool wire_encrypted_group_secrets_next(
    struct span *rest, struct wire_encrypted_group_secrets *item)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	encrypted_group_secrets_read(&r, item);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

void wire_welcome_read(struct rd *r, struct wire_welcome *welcome)
{
	struct wire_encrypted_group_secrets item;
	struct rd inner;

	*welcome = (struct wire_welcome){ .cipher_suite = rd_u16(r) };
	inner = rd_open_vec(r);
	welcome->secrets = span_of(inner.p, inner.n);
	while (rd_left(&inner) > 0) {
		encrypted_group_secrets_read(&inner, &item);
		welcome->secret_count++;
	}
	rd_close(r, &inner);
	welcome->encrypted_group_info = rd_vec(r);
}

void wire_welcome_put(struct buf *b, const struct wire_welcome *welcome)
{
	struct span rest = welcome->secrets;
	struct wire_encrypted_group_secrets item;
	size_t vec;

	buf_put_u16(b, welcome->cipher_suite);
	vec = buf_open_vec(b);
	while (wire_encrypted_group_secrets_next(&rest, &item))
		wire_encrypted_group_secrets_put(b, &item);
	buf_close_vec(b, vec);
	buf_put_vec(b, welcome->encrypted_group_info);
}

enum err wire_group_secrets_decode(struct span bytes,
				   struct wire_group_secrets *secrets)
{
	struct rd r = rd_init(bytes), inner;
	struct wire_psk_id id;

	*secrets = (struct wire_group_secrets){ 0 };
	secrets->joiner_secret = rd_vec(&r);
	secrets->has_path_secret = wire_optional_read(&r);
	if (secrets->has_path_secret)
		secrets->path_secret = rd_vec(&r);
	inner = rd_open_vec(&r);
	secrets->psks = span_of(inner.p, inner.n);
	while (rd_left(&inner) > 0) {
		wire_psk_id_read(&inner, &id);
		secrets->psk_count++;
	}
	rd_close(&r, &inner);
	return rd_end(&r);
}

void wire_group_secrets_put(struct buf *b,
			    const struct wire_group_secrets *secrets)
{
	struct span rest = secrets->psks;
	struct wire_psk_id id;
	size_t vec;

	buf_put_vec(b, secrets->joiner_secret);
	buf_put_u8(b, secrets->has_path_secret);
	if (secrets->has_path_secret)
		buf_put_vec(b, secrets->path_secret);
	vec = buf_open_vec(b);
	while (wire_psk_ids_next(&rest, &id))
		wire_psk_id_put(b, &id);
	buf_close_vec(b, vec);
}
