/* A session of before as one value, of session.h; by item: items.c. What writes such a
 * value for tests is tests/testlib/session_value.c. */
#include <stdlib.h>

#include "session/state.h"
#include "wire/extension.h"

#define STATE_WITHOUT_DEPARTURES 2
#define STATE_WITH_PLACES 4 /* of a group that has their root */
/* The same, and who is unsettled: a version of before would not keep that true. */
#define STATE_WITH_UNSETTLED 5

enum state_flag {
	FLAG_JOINED = 1,
	FLAG_REMOVED = 2,
	FLAG_FORKED = 4,
	FLAG_EXACT = 8 /* versions of before do not know it */
};

uint8_t session_save_flags(const struct session *session)
{
	uint8_t flags = 0;

	flags |= session->joined ? FLAG_JOINED : 0;
	flags |= session->removed ? FLAG_REMOVED : 0;
	flags |= session->forked ? FLAG_FORKED : 0;
	flags |= session->exact ? FLAG_EXACT : 0;
	return flags;
}

void session_load_flags(struct session *session, uint8_t flags)
{
	session->joined = flags & FLAG_JOINED;
	session->removed = flags & FLAG_REMOVED;
	session->forked = flags & FLAG_FORKED;
	session->exact = flags & FLAG_EXACT;
}

/* That the places are those of the root was seen when they came. */
enum err session_check_loaded(const struct session *session)
{
	struct span data;

	return wire_extensions_find(mls_group_extensions(session->group),
				    PLACES_ROOT_EXTENSION,
				    &data) == session->places.there
		   ? ERR_OK
		   : ERR_PEER_MALFORMED;
}

enum err session_load(struct span state, struct session **session)
{
	struct rd r = rd_init(state);
	struct session *s = calloc(1, sizeof(*s));
	struct span group;
	uint8_t version = rd_u8(&r);
	enum err e;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	ENSURE(version >= STATE_WITHOUT_DEPARTURES &&
		   version <= STATE_WITH_UNSETTLED,
	       ERR_PEER_UNSUPPORTED);
	rd_copy(&r, s->id, SESSION_ID);
	session_load_flags(s, rd_u8(&r));
	chain_load(&s->chain, &r);
	outbox_load(&s->outbox, &r);
	buf_put(&s->staged, rd_vec(&r));
	if (version != STATE_WITHOUT_DEPARTURES)
		buf_put(&s->departures, rd_vec(&r));
	if (version >= STATE_WITH_PLACES)
		TRY(place_map_read(rd_vec(&r), &s->places));
	if (version >= STATE_WITH_UNSETTLED)
		TRY(unsettled_load(&s->unsettled, &r));
	TRY(session_load_successor(s, &r));
	group = rd_vec(&r);
	TRY(rd_end(&r));
	TRY(buf_end(&s->staged));
	TRY(buf_end(&s->departures));
	TRY(mls_group_load(group, &s->group));
	TRY(session_check_loaded(s));
	*session = s;
	s = NULL;
out:
	session_free(s);
	return e;
}
