#include "server/words.h"

uint8_t words_kind(struct rd *word)
{
	return rd_u8(word);
}

static struct uuid take_uuid(struct rd *word)
{
	struct uuid uuid = { 0 };

	rd_copy(word, uuid.bytes, sizeof(uuid.bytes));
	return uuid;
}

static struct digest take_digest(struct rd *word)
{
	struct digest digest = { 0 };

	rd_copy(word, digest.bytes, sizeof(digest.bytes));
	return digest;
}

void words_put_append(struct buf *word, const struct words_append *append)
{
	const struct append *m = &append->message;

	buf_put_u8(word, WORDS_APPEND);
	buf_put_u8(word, (uint8_t)append->worker);
	buf_put_u64(word, append->id);
	buf_put(word, SPAN_ARRAY(m->session.bytes));
	buf_put(word, SPAN_ARRAY(m->device.bytes));
	buf_put(word, SPAN_ARRAY(m->nonce));
	buf_put_u64(word, m->epoch);
	buf_put_u64(word, m->view_seq);
	buf_put(word, SPAN_ARRAY(m->view_head.bytes));
	buf_put_u64(word, m->expires_ms);
	buf_put_u8(word, (uint8_t)m->origin.n);
	buf_put(word, m->origin);
	buf_put(word, m->envelope);
}

bool words_take_append(struct rd *word, struct words_append *append)
{
	struct append *m = &append->message;

	*append = (struct words_append){ .worker = rd_u8(word) };
	append->id = rd_u64(word);
	m->session = take_uuid(word);
	m->device = take_uuid(word);
	rd_copy(word, m->nonce, sizeof(m->nonce));
	m->epoch = rd_u64(word);
	m->view_seq = rd_u64(word);
	m->view_head = take_digest(word);
	m->expires_ms = rd_u64(word);
	m->origin = rd_take(word, rd_u8(word));
	m->envelope = rd_take(word, rd_left(word));
	return rd_ok(word);
}

void words_put_result(struct buf *word, const struct words_result *result)
{
	const struct append_result *r = &result->result;

	buf_put_u8(word, WORDS_RESULT);
	buf_put_u64(word, result->id);
	buf_put_u8(word, (uint8_t)r->outcome);
	buf_put_u64(word, r->seq);
	buf_put_u64(word, r->sent_ms);
	buf_put(word, SPAN_ARRAY(r->head.bytes));
	buf_put_u64(word, r->epoch);
	buf_put_u8(word, r->rotation_due ? 1 : 0);
}

bool words_take_result(struct rd *word, struct words_result *result)
{
	struct append_result *r = &result->result;

	*result = (struct words_result){ .id = rd_u64(word) };
	r->outcome = (enum append_outcome)rd_u8(word);
	r->seq = rd_u64(word);
	r->sent_ms = rd_u64(word);
	r->head = take_digest(word);
	r->epoch = rd_u64(word);
	r->rotation_due = rd_u8(word) != 0;
	return rd_end(word) == ERR_OK;
}

void words_put_started(struct buf *word, unsigned worker)
{
	buf_put_u8(word, WORDS_STARTED);
	buf_put_u8(word, (uint8_t)worker);
}

bool words_take_started(struct rd *word, unsigned *worker)
{
	*worker = rd_u8(word);
	return rd_end(word) == ERR_OK;
}

void words_put_message(struct buf *word, const struct message *m)
{
	buf_put_u8(word, WORDS_MESSAGE);
	message_put(word, m);
}

bool words_take_message(struct rd *word, struct message *m)
{
	return message_take(word, m);
}

void words_put_notice(struct buf *word, const struct notice *notice)
{
	buf_put_u8(word, (uint8_t)notice->kind);
	buf_put(word, SPAN_ARRAY(notice->id.bytes));
	buf_put_u64(word, notice->seq);
	buf_put(word, notice->bytes);
}

bool words_take_notice(struct rd *word, uint8_t kind, struct notice *notice)
{
	*notice = (struct notice){ .kind = (enum notice_kind)kind };
	notice->id = take_uuid(word);
	notice->seq = rd_u64(word);
	notice->bytes = rd_take(word, rd_left(word));
	return rd_ok(word) && (notice->bytes.n == 0 || kind == NOTICE_TYPING);
}

void words_put_resync(struct buf *word)
{
	buf_put_u8(word, WORDS_RESYNC);
}
