#include "server/edge/out.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 8, OWN_KEPT = 4096 /* larger buffers go */ };

/* Of a shared one, or the next n bytes of the connection's own. */
struct piece {
	struct shared *shared;
	size_t from, n;
};

/* ---- the ring ---- */

static struct piece *piece_at(const struct out *out, size_t i)
{
	return &out->pieces[(out->first + i) & (out->room - 1)];
}

static bool make_room(struct out *out)
{
	size_t room = out->room > 0 ? 2 * out->room : FIRST_ROOM;
	struct piece *grown;

	if (out->count < out->room)
		return true;
	grown = malloc(room * sizeof(*grown));
	if (grown == NULL)
		return false;
	for (size_t i = 0; i < out->count; i++)
		grown[i] = *piece_at(out, i);
	free(out->pieces);
	out->pieces = grown;
	out->room = room;
	out->first = 0;
	return true;
}

static bool push(struct out *out, struct shared *s, size_t n)
{
	if (!make_room(out))
		return false;
	*piece_at(out, out->count++) = (struct piece){ s, 0, n };
	return true;
}

static void pop(struct out *out)
{
	shared_drop(piece_at(out, 0)->shared);
	out->first = (out->first + 1) & (out->room - 1);
	out->count--;
}

/* ---- the queue ---- */

struct buf *out_own(struct out *out)
{
	/* keep what is unsent at the front, so that the buffer cannot creep */
	if (out->own_sent > 0 && out->own_sent * 2 > out->own.n) {
		buf_consume(&out->own, out->own_sent);
		out->own_cut -= out->own_sent;
		out->own_sent = 0;
	}
	return &out->own;
}

void out_put_shared(struct out *out, struct shared *s)
{
	size_t before = out->own.n - out->own_cut;

	if ((before > 0 && !push(out, NULL, before)) || !push(out, s, s->n)) {
		out->own.fail = ERR_LOCAL_MEMORY;
		return;
	}
	out->own_cut = out->own.n;
	out->shared_queued += s->n;
	s->holders++;
}

size_t out_queued(const struct out *out)
{
	return out->own.n - out->own_sent + out->shared_queued;
}

bool out_is_broken(const struct out *out)
{
	return out->own.fail != ERR_OK;
}

static struct iovec part(const uint8_t *bytes, size_t n)
{
	struct iovec v = { .iov_len = n };

	/* sendmsg(2) writes nothing there */
	memcpy(&v.iov_base, &bytes, sizeof(bytes));
	return v;
}

size_t out_gather(const struct out *out, struct iovec *parts, size_t max)
{
	size_t own = out->own_sent, n = 0;

	for (size_t i = 0; i < out->count && n < max; i++) {
		const struct piece *p = piece_at(out, i);

		if (p->shared != NULL) {
			parts[n++] = part(p->shared->bytes + p->from, p->n);
		} else {
			parts[n++] = part(out->own.p + own, p->n);
			own += p->n;
		}
	}
	if (n < max && own < out->own.n)
		parts[n++] = part(out->own.p + own, out->own.n - own);
	return n;
}

static void all_sent(struct out *out)
{
	if (out->own.cap > OWN_KEPT)
		buf_clear(&out->own);
	else
		buf_reset(&out->own);
	out->own_sent = out->own_cut = 0;
	free(out->pieces);
	out->pieces = NULL;
	out->room = out->first = 0;
}

void out_took(struct out *out, size_t n)
{
	while (n > 0 && out->count > 0) {
		struct piece *p = piece_at(out, 0);
		size_t k = n < p->n ? n : p->n;

		if (p->shared != NULL)
			out->shared_queued -= k;
		else
			out->own_sent += k;
		p->from += k;
		p->n -= k;
		n -= k;
		if (p->n == 0)
			pop(out);
	}
	out->own_sent += n; /* after the last shared piece */
	if (out->own_cut < out->own_sent)
		out->own_cut = out->own_sent;
	if (out_queued(out) == 0)
		all_sent(out);
}

void out_clear(struct out *out)
{
	while (out->count > 0)
		pop(out);
	free(out->pieces);
	buf_clear(&out->own);
	*out = OUT_INIT;
}
