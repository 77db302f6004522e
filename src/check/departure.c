#include "check/departure.h"

#include <string.h>

#include "base/rd.h"
#include "check/label.h"
#include "crypto/hash.h"
#include "wire/message.h"
#include "wire/roles.h"

enum err check_leaf_hash(struct span encoded, uint8_t hash[DEPARTURE_HASH])
{
	return hash_one(encoded, hash);
}

static bool is_of(const struct check_view *view,
		  const struct departure *departure)
{
	return departure->generation == view->generation &&
	       span_equal(departure->session_id, view->session_id);
}

/* That exactly this leaf node is meant. */
static bool names(const struct departure *departure,
		  const struct check_member *leaf)
{
	uint8_t hash[DEPARTURE_HASH];

	return departure->leaf_index == leaf->leaf_index &&
	       check_leaf_hash(leaf->encoded, hash) == ERR_OK &&
	       span_equal(departure->leaf_hash, SPAN_ARRAY(hash));
}

bool check_departed(const struct check_view *view,
		    const struct check_member *leaf,
		    struct departure *departure)
{
	struct rd r = rd_init(view->departures);
	struct departure d;

	while (rd_left(&r) > 0) {
		if (departure_decode(rd_vec(&r), &d) != ERR_OK ||
		    !is_of(view, &d) || !names(&d, leaf))
			continue;
		if (departure != NULL)
			*departure = d;
		return true;
	}
	return false;
}

static const char *check_signer(const struct check_view *view,
				const struct departure *departure,
				const struct check_member *leaf)
{
	struct check_member signer;

	if (!view->leaf(view->group, departure->signer, &signer) ||
	    !span_equal(roles_user(signer.identity),
			roles_user(leaf->identity)))
		return "its signer is no device of the user who departs";
	if (check_departed(view, &signer, NULL))
		return "its signer has departed";
	if (check_label(view->suite, signer.signature_key, DEPARTURE_LABEL,
			departure->unsigned_part,
			departure->signature) != ERR_OK)
		return "its signature does not verify";
	return NULL;
}

static const char *judge(const struct check_view *view, struct span bytes,
			 struct departure *departure, struct check_member *leaf)
{
	if (departure_decode(bytes, departure) != ERR_OK)
		return "it is no departure";
	if (!is_of(view, departure))
		return "it is of another session or generation";
	if (!view->leaf(view->group, departure->leaf_index, leaf) ||
	    !names(departure, leaf))
		return "the leaf that it names is not there";
	if (check_departed(view, leaf, NULL))
		return "that leaf has departed already";
	if (departure->heir.n > 0 &&
	    span_equal(departure->heir, roles_user(leaf->identity)))
		return "nobody is heir to themselves";
	return check_signer(view, departure, leaf);
}

struct check_verdict check_departure(const struct check_view *view,
				     struct span bytes,
				     struct departure *departure,
				     struct check_member *leaf)
{
	struct check_verdict verdict = { NULL, false, false };

	verdict.wrong = judge(view, bytes, departure, leaf);
	return verdict;
}

static bool stands(const void *by, struct span bytes)
{
	const struct check_view *view = by;
	struct check_member leaf;
	struct departure d;

	return departure_decode(bytes, &d) == ERR_OK && is_of(view, &d) &&
	       view->leaf(view->group, d.leaf_index, &leaf) && names(&d, &leaf);
}

static bool survives(const void *by, struct span bytes)
{
	struct span proposals = *(const struct span *)by;
	struct wire_proposal_or_ref item;
	struct departure d;

	if (departure_decode(bytes, &d) != ERR_OK)
		return false;
	while (wire_proposals_next(&proposals, &item))
		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_REMOVE &&
		    item.proposal.removed == d.leaf_index)
			return false;
	return true;
}

/* Keeps those that `keeps` says yes to. */
static void keep(struct buf *departures,
		 bool (*keeps)(const void *by, struct span bytes),
		 const void *by)
{
	struct rd r = rd_init(buf_span(departures));
	size_t kept = 0;

	while (rd_left(&r) > 0) {
		const uint8_t *start = r.p;
		struct span bytes = rd_vec(&r);
		size_t n = (size_t)(r.p - start);

		if (!rd_ok(&r) || !keeps(by, bytes))
			continue;
		memmove(departures->p + kept, start, n);
		kept += n;
	}
	departures->n = kept;
}

void check_departures_prune(const struct check_view *view,
			    struct buf *departures)
{
	keep(departures, stands, view);
}

void check_departures_spend(struct span commit, struct buf *departures)
{
	struct wire_message message;
	const struct wire_content *content = &message.public_message.content;

	if (departures->n > 0 &&
	    wire_message_decode(commit, &message) == ERR_OK &&
	    message.format == WIRE_PUBLIC_MESSAGE &&
	    content->type == WIRE_CONTENT_COMMIT)
		keep(departures, survives, &content->commit.proposals);
}
