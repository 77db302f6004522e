#include "tests/testlib/session_value.h"

#include "session/state.h"

/* The last versions that were written so, without and with places of accounts. */
#define VALUE_VERSION 3
#define VALUE_WITH_UNSETTLED 5

void session_value_chain(const struct chain *chain, struct buf *value)
{
	chain_save_place(chain, value);
	for (uint64_t seq = chain->first; seq <= chain->seq; seq++)
		buf_put(value, SPAN_ARRAY(chain->heads[seq % CHAIN_KEPT]));
}

enum err session_value(const struct session *session, struct buf *value)
{
	size_t vec;
	enum err e;

	buf_put_u8(value, session->places.there ? VALUE_WITH_UNSETTLED
						: VALUE_VERSION);
	buf_put(value, session_id_span(session));
	buf_put_u8(value, session_save_flags(session));
	session_value_chain(&session->chain, value);
	outbox_save(&session->outbox, value);
	buf_put_vec(value, buf_span(&session->staged));
	buf_put_vec(value, buf_span(&session->departures));
	if (session->places.there) {
		vec = buf_open_vec(value);
		place_map_put(&session->places, value);
		buf_close_vec(value, vec);
		unsettled_save(&session->unsettled, value);
	}
	TRY(session_save_successor(session, value));
	vec = buf_open_vec(value);
	TRY(mls_group_save(session->group, value));
	buf_close_vec(value, vec);
	TRY(buf_end(value));
out:
	return e;
}
