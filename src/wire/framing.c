#include "wire/framing.h"

static void sender_read(struct rd *r, struct wire_sender *sender)
{
	*sender = (struct wire_sender){ .type = rd_u8(r) };
	switch (sender->type) {
	case WIRE_SENDER_MEMBER:
	case WIRE_SENDER_EXTERNAL:
		sender->index = rd_u32(r);
		break;
	case WIRE_SENDER_NEW_MEMBER_PROPOSAL:
	case WIRE_SENDER_NEW_MEMBER_COMMIT:
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
}

static void sender_put(struct buf *b, const struct wire_sender *sender)
{
	buf_put_u8(b, sender->type);
	if (sender->type == WIRE_SENDER_MEMBER ||
	    sender->type == WIRE_SENDER_EXTERNAL)
		buf_put_u32(b, sender->index);
}

void wire_content_body_read(struct rd *r, uint8_t type,
			    struct wire_content *content)
{
	struct rd start = *r;

	content->type = type;
	switch (type) {
	case WIRE_CONTENT_APPLICATION:
		content->application_data = rd_vec(r);
		break;
	case WIRE_CONTENT_PROPOSAL:
		wire_proposal_read(r, &content->proposal);
		break;
	case WIRE_CONTENT_COMMIT:
		wire_commit_read(r, &content->commit);
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
	content->body = wire_since(&start, r);
}

void wire_content_read(struct rd *r, struct wire_content *content)
{
	struct rd start = *r;

	*content = (struct wire_content){ 0 };
	content->group_id = rd_vec(r);
	content->epoch = rd_u64(r);
	sender_read(r, &content->sender);
	content->authenticated_data = rd_vec(r);
	wire_content_body_read(r, rd_u8(r), content);
	content->encoded = wire_since(&start, r);
}

void wire_content_put(struct buf *b, const struct wire_content *content)
{
	buf_put_vec(b, content->group_id);
	buf_put_u64(b, content->epoch);
	sender_put(b, &content->sender);
	buf_put_vec(b, content->authenticated_data);
	buf_put_u8(b, content->type);
	buf_put(b, content->body);
}

void wire_auth_read(struct rd *r, uint8_t content_type, struct wire_auth *auth)
{
	auth->signature = rd_vec(r);
	auth->confirmation_tag =
	    content_type == WIRE_CONTENT_COMMIT ? rd_vec(r) : SPAN_EMPTY;
}

void wire_auth_put(struct buf *b, uint8_t content_type,
		   const struct wire_auth *auth)
{
	buf_put_vec(b, auth->signature);
	if (content_type == WIRE_CONTENT_COMMIT)
		buf_put_vec(b, auth->confirmation_tag);
}

void wire_public_message_read(struct rd *r, struct wire_public_message *m)
{
	wire_content_read(r, &m->content);
	wire_auth_read(r, m->content.type, &m->auth);
	m->membership_tag = m->content.sender.type == WIRE_SENDER_MEMBER
				? rd_vec(r)
				: SPAN_EMPTY;
}

void wire_public_message_put(struct buf *b, const struct wire_public_message *m)
{
	wire_content_put(b, &m->content);
	wire_auth_put(b, m->content.type, &m->auth);
	if (m->content.sender.type == WIRE_SENDER_MEMBER)
		buf_put_vec(b, m->membership_tag);
}

void wire_private_message_read(struct rd *r, struct wire_private_message *m)
{
	m->group_id = rd_vec(r);
	m->epoch = rd_u64(r);
	m->content_type = rd_u8(r);
	if (m->content_type < WIRE_CONTENT_APPLICATION ||
	    m->content_type > WIRE_CONTENT_COMMIT)
		rd_fail(r, ERR_PEER_MALFORMED);
	m->authenticated_data = rd_vec(r);
	m->encrypted_sender_data = rd_vec(r);
	m->ciphertext = rd_vec(r);
}

void wire_private_message_put(struct buf *b,
			      const struct wire_private_message *m)
{
	buf_put_vec(b, m->group_id);
	buf_put_u64(b, m->epoch);
	buf_put_u8(b, m->content_type);
	buf_put_vec(b, m->authenticated_data);
	buf_put_vec(b, m->encrypted_sender_data);
	buf_put_vec(b, m->ciphertext);
}

enum err wire_private_content_decode(struct span plaintext,
				     uint8_t content_type,
				     struct wire_content *content,
				     struct wire_auth *auth)
{
	struct rd r = rd_init(plaintext);
	uint8_t seen = 0;

	wire_content_body_read(&r, content_type, content);
	wire_auth_read(&r, content_type, auth);
	/* 6.3.1: "MUST verify that there are no non-zero bytes" */
	for (struct span padding = rd_take(&r, rd_left(&r)); padding.n > 0;
	     padding = span_of(padding.p + 1, padding.n - 1))
		seen |= *padding.p;
	if (seen != 0)
		rd_fail(&r, ERR_PEER_MALFORMED);
	return rd_end(&r);
}

enum err wire_sender_data_decode(struct span bytes,
				 struct wire_sender_data *data)
{
	struct rd r = rd_init(bytes);

	data->leaf_index = rd_u32(&r);
	data->generation = rd_u32(&r);
	rd_copy(&r, data->reuse_guard, sizeof(data->reuse_guard));
	return rd_end(&r);
}

void wire_sender_data_put(struct buf *b, const struct wire_sender_data *data)
{
	buf_put_u32(b, data->leaf_index);
	buf_put_u32(b, data->generation);
	buf_put(b, SPAN_ARRAY(data->reuse_guard));
}
