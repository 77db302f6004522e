#include "wire/credential.h"

void wire_credential_read(struct rd *r, struct wire_credential *credential)
{
	struct rd start = *r, certificates;

	*credential = (struct wire_credential){ .type = rd_u16(r) };
	switch (credential->type) {
	case WIRE_CREDENTIAL_BASIC:
		credential->identity = rd_vec(r);
		break;
	case WIRE_CREDENTIAL_X509:
		credential->certificates = rd_vec(r);
		certificates = rd_init(credential->certificates);
		while (rd_left(&certificates) > 0)
			(void)rd_vec(&certificates);
		rd_close(r, &certificates);
		break;
	default:
		rd_fail(r, ERR_PEER_UNSUPPORTED);
	}
	credential->encoded = wire_since(&start, r);
}

void wire_credential_put(struct buf *b,
			 const struct wire_credential *credential)
{
	buf_put_u16(b, credential->type);
	buf_put_vec(b, credential->type == WIRE_CREDENTIAL_X509
			   ? credential->certificates
			   : credential->identity);
}

bool wire_certificates_next(struct span *rest, struct span *certificate)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	*certificate = rd_vec(&r);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

static void external_sender_read(struct rd *r,
				 struct wire_external_sender *sender)
{
	sender->signature_key = rd_vec(r);
	wire_credential_read(r, &sender->credential);
}

enum err wire_external_senders_decode(struct span data, struct span *list)
{
	struct rd r = rd_init(data);
	struct rd inner = rd_open_vec(&r);
	struct wire_external_sender sender;

	*list = span_of(inner.p, inner.n);
	while (rd_left(&inner) > 0)
		external_sender_read(&inner, &sender);
	rd_close(&r, &inner);
	return rd_end(&r);
}

bool wire_external_senders_next(struct span *rest,
				struct wire_external_sender *sender)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	external_sender_read(&r, sender);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

void wire_external_sender_put(struct buf *b,
			      const struct wire_external_sender *sender)
{
	buf_put_vec(b, sender->signature_key);
	wire_credential_put(b, &sender->credential);
}
