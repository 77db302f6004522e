#include "server/edge/framing.h"

#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum { SPARES_MAX = 16, HEAD_SIZE = 2, MASK_SIZE = 4 };

struct framing {
	wslay_event_context_ptr wslay;
	const struct framing_user *user;
	void *arg;
	struct span in; /* while it is being read */
	uint64_t given; /* bytes wslay has taken since framing_take(), */
	uint64_t ended; /* and those of frames that were complete */
	uint64_t frame; /* bytes of the frame that has begun */
	bool fragmented, broken;
	struct framing *next; /* spare */
};

static struct framing *spares;
static size_t spare_count;

/* ---- wslay's view ---- */

static ssize_t on_recv(wslay_event_context_ptr wslay, uint8_t *data,
		       size_t size, int flags, void *arg)
{
	struct framing *f = arg;
	size_t n = f->in.n < size ? f->in.n : size;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(data, f->in.p, n);
	f->in = span_of(f->in.p + n, f->in.n - n);
	f->given += n;
	return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr wslay, const uint8_t *data,
		       size_t size, int flags, void *arg)
{
	const struct framing *f = arg;

	(void)wslay;
	(void)flags;
	buf_put(f->user->output(f->arg), span_of(data, size));
	return (ssize_t)size;
}

static uint64_t length_bytes(uint64_t payload)
{
	if (payload < 126)
		return 0;
	return payload <= 0xffff ? 2 : 8;
}

static void on_frame(wslay_event_context_ptr wslay,
		     const struct wslay_event_on_frame_recv_start_arg *frame,
		     void *arg)
{
	struct framing *f = arg;

	(void)wslay;
	f->frame = HEAD_SIZE + length_bytes(frame->payload_length) + MASK_SIZE +
		   frame->payload_length;
	if (!wslay_is_ctrl_frame(frame->opcode))
		f->fragmented = !frame->fin;
}

static void on_frame_end(wslay_event_context_ptr wslay, void *arg)
{
	struct framing *f = arg;

	(void)wslay;
	f->ended += f->frame;
}

static void on_whole(wslay_event_context_ptr wslay,
		     const struct wslay_event_on_msg_recv_arg *message,
		     void *arg)
{
	struct framing *f = arg;

	(void)wslay;
	if (!f->user->message(f->arg, message->opcode,
			      span_of(message->msg, message->msg_length)))
		f->broken = true;
}

static const struct wslay_event_callbacks CALLBACKS = {
	.recv_callback = on_recv,
	.send_callback = on_send,
	.on_frame_recv_start_callback = on_frame,
	.on_frame_recv_end_callback = on_frame_end,
	.on_msg_recv_callback = on_whole,
};

/* ---- lending ---- */

static struct framing *take_spare(void)
{
	struct framing *f = spares;

	if (f == NULL)
		return NULL;
	spares = f->next;
	spare_count--;
	return f;
}

static struct framing *make(void)
{
	struct framing *f = calloc(1, sizeof(*f));

	if (f != NULL &&
	    wslay_event_context_server_init(&f->wslay, &CALLBACKS, f) != 0) {
		free(f);
		return NULL;
	}
	return f;
}

struct framing *framing_take(const struct framing_user *user, void *arg,
			     size_t message_max)
{
	struct framing *f = take_spare();

	if (f == NULL)
		f = make();
	if (f == NULL)
		return NULL;
	f->user = user;
	f->arg = arg;
	f->given = f->ended = 0;
	wslay_event_config_set_max_recv_msg_length(f->wslay, message_max);
	return f;
}

bool framing_is_idle(const struct framing *f)
{
	return f->given == f->ended && !f->fragmented && !f->broken &&
	       wslay_event_get_read_enabled(f->wslay) &&
	       !wslay_event_get_close_sent(f->wslay) &&
	       !wslay_event_get_close_received(f->wslay);
}

void framing_give_back(struct framing *f)
{
	if (spare_count == SPARES_MAX) {
		framing_free(f);
		return;
	}
	f->next = spares;
	spares = f;
	spare_count++;
}

void framing_free(struct framing *f)
{
	if (f == NULL)
		return;
	wslay_event_context_free(f->wslay);
	free(f);
}

/* ---- reading and closing ---- */

static bool is_closed(wslay_event_context_ptr wslay)
{
	return wslay_event_get_close_sent(wslay) &&
	       (wslay_event_get_close_received(wslay) ||
		!wslay_event_get_read_enabled(wslay));
}

enum framing_state framing_read(struct framing *f, struct span in,
				size_t *taken)
{
	f->in = in;
	if (wslay_event_recv(f->wslay) != 0 || f->broken ||
	    wslay_event_send(f->wslay) != 0) /* pongs, a close answered */
		f->broken = true;
	*taken = in.n - f->in.n;
	if (f->broken)
		return FRAMING_BROKEN;
	return is_closed(f->wslay) ? FRAMING_CLOSED : FRAMING_OPEN;
}

bool framing_close(struct framing *f, uint16_t code, struct span reason)
{
	return wslay_event_queue_close(f->wslay, code, reason.p, reason.n) ==
		   0 &&
	       wslay_event_send(f->wslay) == 0;
}
