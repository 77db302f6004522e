#include "device/trail.h"

#include "wire/generation.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

struct trail {
	uint8_t session_id[SESSION_ID];
	struct chain chain;
	uint64_t epoch;
	uint32_t wants;
	bool weak;
};

static enum err start(const uint8_t session_id[SESSION_ID], uint64_t seq,
		      const uint8_t head[CHAIN_HEAD], struct trail **trail)
{
	struct trail *t = calloc(1, sizeof(*t));
	enum err e = ERR_OK;

	ENSURE(t != NULL, ERR_LOCAL_MEMORY);
	memcpy(t->session_id, session_id, SESSION_ID);
	if (seq == 0) {
		TRY(chain_start(&t->chain, SPAN_ARRAY(t->session_id)));
		ENSURE(memcmp(chain_head(&t->chain), head, CHAIN_HEAD) == 0,
		       ERR_PEER_FORK);
	} else {
		chain_resume(&t->chain, seq, head);
	}
	*trail = t;
	t = NULL;
out:
	trail_free(t);
	return e;
}

enum err trail_from_session(const struct session *session, uint64_t seq,
			    const uint8_t head[CHAIN_HEAD],
			    struct trail **trail)
{
	enum err e;

	TRY(start(session_id(session), seq, head, trail));
	(*trail)->epoch = session_epoch(session);
out:
	return e;
}

static bool info_epoch(const struct trail *trail, struct span group_info,
		       uint64_t *epoch)
{
	struct wire_message message;

	return wire_message_decode(group_info, &message) == ERR_OK &&
	       message.format == WIRE_GROUP_INFO &&
	       generation_session_epoch(message.group_info.context.group_id,
					message.group_info.context.epoch,
					SPAN_ARRAY(trail->session_id), epoch);
}

enum err trail_from_info(const uint8_t id[SESSION_ID], struct span group_info,
			 uint64_t seq, const uint8_t head[CHAIN_HEAD],
			 struct trail **trail)
{
	struct trail *t = NULL;
	enum err e;

	TRY(start(id, seq, head, &t));
	ENSURE(info_epoch(t, group_info, &t->epoch), ERR_PEER_INVALID);
	*trail = t;
	t = NULL;
out:
	trail_free(t);
	return e;
}

void trail_free(struct trail *trail)
{
	free(trail);
}

uint64_t trail_seq(const struct trail *trail)
{
	return trail->chain.seq;
}

const uint8_t *trail_head(const struct trail *trail)
{
	return chain_head(&trail->chain);
}

enum err trail_follow(struct trail *trail, const struct answer_entry *entry)
{
	uint8_t head[CHAIN_HEAD];
	enum err e;

	ENSURE(entry->seq > trail->chain.seq, ERR_STATE_REPLAY);
	ENSURE(entry->seq == trail->chain.seq + 1, ERR_STATE_CONFLICT);
	if (entry->bare || entry->expired) {
		TRY(chain_next_hash(&trail->chain, (enum chain_kind)entry->kind,
				    entry->hash, head));
		ENSURE(memcmp(head, entry->head, CHAIN_HEAD) == 0,
		       ERR_PEER_FORK);
	} else {
		TRY(chain_check_next(&trail->chain,
				     (enum chain_kind)entry->kind,
				     entry->bytes, entry->head));
	}
	if (entry->kind == CHAIN_COMMIT)
		trail->epoch++;
	chain_advance(&trail->chain, entry->head);
out:
	return e;
}

uint32_t trail_wants_generation(const struct trail *trail)
{
	return trail != NULL ? trail->wants : 0;
}

enum err trail_next_generation(struct trail *trail, struct span group_info)
{
	return info_epoch(trail, group_info, &trail->epoch) ? ERR_OK
							     : ERR_PEER_INVALID;
}

bool trail_leads_to(const struct trail *trail, struct span group_info)
{
	uint64_t epoch;

	return info_epoch(trail, group_info, &epoch) && epoch == trail->epoch;
}

uint64_t trail_epoch(const struct trail *trail)
{
	return trail->epoch;
}

struct span trail_departures(const struct trail *trail)
{
	(void)trail;
	return SPAN_EMPTY;
}

bool trail_is_weak(const struct trail *trail)
{
	return trail->weak;
}

void trail_set_weak(struct trail *trail)
{
	trail->weak = true;
}
