#include "server/edge/peers.h"

#include <kore/kore.h>

enum { MESSAGE_ID = 201 }; /* Kore leaves 201 and above to applications */

static void (*handler)(struct span bytes);

/* Kore gives a message for all to its sender, too. */
static void on_message(struct kore_msg *message, const void *data)
{
	if (message->src != worker->id)
		handler(span_of(data, message->length));
}

void peers_start(void (*heard)(struct span bytes))
{
	handler = heard;
	(void)kore_msg_register(MESSAGE_ID, on_message);
}

void peers_tell(struct span bytes)
{
	if (worker_count > 1)
		kore_msg_send(KORE_MSG_WORKER_ALL, MESSAGE_ID, bytes.p,
			      bytes.n);
}
