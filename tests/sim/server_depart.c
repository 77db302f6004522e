/* Departures at the model of the server. */
#include "tests/sim/server.h"

#include <string.h>

#include "session/chain.h"

/* Which member departs, or NULL. */
static struct server_member *judge_departure(struct server_session *session,
					     const char *caller,
					     struct span bytes)
{
	struct seen_group group;
	struct buf standing = BUF_INIT;
	struct check_view view;
	struct departure departure;
	struct check_member leaf;
	const struct server_member *own = server_member(session, caller);
	struct server_member *found = NULL;

	if (!seen_group_read(blob_span(session->info), &group))
		return NULL;
	server_departures(session, &standing);
	view = server_view(session, &group, buf_span(&standing));
	if (check_departure(&view, bytes, &departure, &leaf).wrong == NULL &&
	    (departure.signer == own->leaf || leaf.leaf_index == own->leaf))
		for (size_t i = 0; i < session->member_count; i++)
			if (session->members[i].leaf == leaf.leaf_index)
				found = &session->members[i];
	seen_group_clear(&group);
	buf_clear(&standing);
	return found;
}

void server_depart(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply)
{
	struct server_session *session =
	    server_session(server, request->session);
	const char *identity = server->devices[caller].identity;
	struct server_member *member;

	reply->answer.seq =
	    server_find_entry(session, CHAIN_DEPARTURE, request->bytes);
	if (reply->answer.seq > 0)
		return;
	if (server_member(session, identity) == NULL) {
		reply_refuse(reply, ERR_PEER_DENIED, "not-a-member");
		return;
	}
	member = judge_departure(session, identity, request->bytes);
	if (member == NULL || member->departed) {
		reply_refuse(reply, ERR_PEER_INVALID, "departure-invalid");
		return;
	}
	member->departed = true;
	reply->answer.seq =
	    server_append(session, CHAIN_DEPARTURE, blob_make(request->bytes),
			  caller, now_ms);
	{
		struct server_former *former =
		    SIM_ADD(session->former, session->former_count);

		memcpy(former->identity, member->identity, SIM_IDENTITY);
		former->seq = reply->answer.seq;
	}
	if (server->watch.departed != NULL)
		server->watch.departed(server->watch.context, session,
				       request->bytes);
}
