#include "server/hub/giving.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "door/delivery.h"
#include "door/origin.h"
#include "door/typing_lane.h"
#include "server/edge/shared.h"
#include "server/hub/membership.h"

/* Bytes in a socket above which no typing notice is added. */
enum { TYPING_AHEAD = 16384 };

static const struct subscription *giving;

struct shared *giving_encode(const struct message *m)
{
	struct buf text = BUF_INIT;
	struct shared *frame = NULL;

	delivery_put(&text, m, true);
	if (buf_end(&text) == ERR_OK)
		frame = websocket_frame(buf_span(&text));
	buf_clear(&text);
	return frame;
}

void giving_give(struct subscription *s, const struct message *m,
		 struct shared *frame)
{
	giving = s;
	websocket_send_frame(s->subscriber.ws, frame);
	metrics_count(METRIC_DELIVERED, 1);
	giving = NULL;
	s->next = m->seq + 1;
	if ((m->kind == MESSAGE_COMMIT || m->kind == MESSAGE_DEPARTURE) &&
	    m->seq > s->confirmed)
		membership_recheck(s);
}

void giving_deliver(struct topic *topic, const struct message *m)
{
	struct subscription *next;
	struct shared *frame = giving_encode(m);
	unsigned receivers = 0;

	if (topic->known < m->seq)
		topic->known = m->seq;
	if (frame == NULL)
		return; /* the sweep finds that it is still to be read */
	topic->delivered = m->seq;
	metrics_observe(METRIC_DELIVERY_SECONDS,
			clock_now_ms() > m->sent_ms
			    ? (clock_now_ms() - m->sent_ms) * 1000
			    : 0);
	for (struct subscription *s = topic->subscriptions; s != NULL;
	     s = next) {
		next = s->sibling;
		if (s->over || !s->member || s->next != m->seq)
			continue;
		giving_give(s, m, frame);
		receivers++;
	}
	origin_log_delivered(m, receivers);
	shared_drop(frame);
}

/* Who left or was removed up to `seq` is no member here once that entry was given: so
 * whoever has the log up to there, and is a member, was one when the notice was taken. */
void giving_typing(const struct topic *topic, const struct notice *notice)
{
	struct shared *frame = NULL;
	struct buf text = BUF_INIT;

	typing_lane_put(&text, notice);
	if (buf_end(&text) == ERR_OK)
		frame = websocket_frame(buf_span(&text));
	buf_clear(&text);
	if (frame == NULL)
		return;
	for (const struct subscription *s = topic->subscriptions; s != NULL;
	     s = s->sibling)
		if (!s->over && s->member && s->next > notice->seq &&
		    websocket_queued(s->subscriber.ws) < TYPING_AHEAD)
			websocket_send_frame(s->subscriber.ws, frame);
	shared_drop(frame);
}

const struct subscription *giving_to(void)
{
	return giving;
}
