#include "session/negotiation.h"

#include <stdlib.h>

#include "wire/key_package.h"

/* ---- the rule ---- */

enum err negotiation_choose(const struct negotiation_offer *founders,
			    size_t count, uint16_t *chosen)
{
	struct span rest;
	uint16_t suite;

	if (count == 0)
		return ERR_PEER_UNSUPPORTED;
	rest = founders[0].suites;
	while (wire_u16_list_next(&rest, &suite)) {
		size_t sharing = 1;

		while (sharing < count &&
		       wire_u16_list_has(founders[sharing].suites, suite))
			sharing++;
		if (sharing == count) {
			*chosen = suite;
			return ERR_OK;
		}
	}
	return ERR_PEER_UNSUPPORTED;
}

/* ---- the extension ---- */

struct negotiation {
	uint16_t chosen;
	struct negotiation_offer *founders; /* owned array */
	size_t count;
};

static void put_negotiation(struct buf *b,
			    const struct negotiation *negotiation)
{
	size_t vec;

	buf_put_u16(b, negotiation->chosen);
	vec = buf_open_vec(b);
	for (size_t i = 0; i < negotiation->count; i++) {
		buf_put_vec(b, negotiation->founders[i].identity);
		buf_put_vec(b, negotiation->founders[i].suites);
	}
	buf_close_vec(b, vec);
}

/* The caller frees `founders`, also on failure. */
static enum err decode_negotiation(struct span data,
				   struct negotiation *negotiation)
{
	struct rd r = rd_init(data);
	struct rd list;

	negotiation->chosen = rd_u16(&r);
	list = rd_open_vec(&r);
	/* An offer is two lengths at least: this bounds the allocation. */
	negotiation->founders =
	    calloc(rd_left(&list) / 2 + 1, sizeof(*negotiation->founders));
	if (negotiation->founders == NULL)
		return ERR_LOCAL_MEMORY;
	while (rd_left(&list) > 0) {
		struct negotiation_offer *offer =
		    &negotiation->founders[negotiation->count];

		offer->identity = rd_vec(&list);
		offer->suites = wire_u16_list_read(&list);
		negotiation->count++;
	}
	rd_close(&r, &list);
	return rd_end(&r);
}

/* ---- the creator ---- */

void negotiation_plan_clear(struct negotiation_plan *plan)
{
	buf_clear(&plan->extensions);
	free(plan->key_packages);
	*plan = (struct negotiation_plan){ 0 };
}

/* What an invitee signed: the same in each of its KeyPackages. */
static enum err read_invitee(const struct negotiation_invitee *invitee,
			     struct negotiation_offer *offer)
{
	enum err e = ERR_OK;

	ENSURE(invitee->count > 0, ERR_PEER_UNSUPPORTED);
	for (size_t i = 0; i < invitee->count; i++) {
		struct wire_key_package kp;
		struct span suites;

		TRY(wire_key_package_decode(invitee->key_packages[i], &kp));
		suites = kp.leaf_node.capabilities.cipher_suites;
		ENSURE(kp.leaf_node.credential.type == WIRE_CREDENTIAL_BASIC &&
			   span_equal(kp.leaf_node.credential.identity,
				      invitee->identity),
		       ERR_PEER_INVALID);
		ENSURE(i == 0 || span_equal(suites, offer->suites),
		       ERR_PEER_DOWNGRADE);
		offer->identity = invitee->identity;
		offer->suites = suites;
	}
out:
	return e;
}

static enum err find_key_package(const struct negotiation_invitee *invitee,
				 uint16_t suite, struct span *found)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < invitee->count; i++) {
		struct wire_key_package kp;

		TRY(wire_key_package_decode(invitee->key_packages[i], &kp));
		if (kp.cipher_suite == suite) {
			*found = invitee->key_packages[i];
			return ERR_OK;
		}
	}
	/* It signed that it has this suite: somebody took the KeyPackage. */
	e = ERR_PEER_DOWNGRADE;
out:
	return e;
}

enum err negotiation_plan(const struct negotiation_offer *creator,
			  const struct negotiation_invitee *invitees,
			  size_t count, struct negotiation_plan *plan)
{
	struct negotiation n = { 0, NULL, count + 1 };
	struct buf data = BUF_INIT;
	enum err e;

	*plan = (struct negotiation_plan){ .count = count };
	n.founders = calloc(n.count, sizeof(*n.founders));
	plan->key_packages = calloc(n.count, sizeof(*plan->key_packages));
	ENSURE(n.founders != NULL && plan->key_packages != NULL,
	       ERR_LOCAL_MEMORY);
	n.founders[0] = *creator;
	for (size_t i = 0; i < count; i++)
		TRY(read_invitee(&invitees[i], &n.founders[i + 1]));
	TRY(negotiation_choose(n.founders, n.count, &n.chosen));
	plan->suite = suite_by_id(n.chosen);
	ENSURE(plan->suite != NULL, ERR_PEER_UNSUPPORTED);
	for (size_t i = 0; i < count; i++)
		TRY(find_key_package(&invitees[i], n.chosen,
				     &plan->key_packages[i]));
	put_negotiation(&data, &n);
	TRY(buf_end(&data));
	wire_extension_put(&plan->extensions, NEGOTIATION_EXTENSION,
			   buf_span(&data));
	TRY(buf_end(&plan->extensions));
out:
	free(n.founders);
	buf_clear(&data);
	if (e != ERR_OK)
		negotiation_plan_clear(plan);
	return e;
}

/* ---- the members ---- */

static bool entry_holds(const struct negotiation_offer *entry,
			const struct negotiation_offer *signed_offer)
{
	return !span_equal(entry->identity, signed_offer->identity) ||
	       span_equal(entry->suites, signed_offer->suites);
}

enum err negotiation_check(struct span extensions, uint16_t group_suite,
			   const struct negotiation_offer *own,
			   const struct negotiation_offer *members,
			   size_t count)
{
	struct negotiation n = { 0 };
	struct span data;
	uint16_t chosen = 0;
	bool founder = false;
	enum err e;

	ENSURE(wire_extensions_find(extensions, NEGOTIATION_EXTENSION, &data),
	       ERR_PEER_DOWNGRADE);
	TRY(decode_negotiation(data, &n));
	ENSURE(negotiation_choose(n.founders, n.count, &chosen) == ERR_OK,
	       ERR_PEER_DOWNGRADE);
	ENSURE(chosen == n.chosen && chosen == group_suite, ERR_PEER_DOWNGRADE);
	for (size_t i = 0; i < n.count; i++) {
		ENSURE(entry_holds(&n.founders[i], own), ERR_PEER_DOWNGRADE);
		founder |= span_equal(n.founders[i].identity, own->identity);
	}
	for (size_t i = 0; founder && i < n.count; i++)
		for (size_t j = 0; j < count; j++)
			ENSURE(entry_holds(&n.founders[i], &members[j]),
			       ERR_PEER_DOWNGRADE);
out:
	free(n.founders);
	return e;
}

enum err negotiation_check_now(struct span extensions,
			       const struct negotiation_offer *own)
{
	struct negotiation n = { 0 };
	uint16_t chosen = 0;
	struct span data;
	enum err e;

	ENSURE(wire_extensions_find(extensions, NEGOTIATION_EXTENSION, &data),
	       ERR_PEER_DOWNGRADE);
	TRY(decode_negotiation(data, &n));
	for (size_t i = 0; i < n.count; i++)
		if (span_equal(n.founders[i].identity, own->identity))
			n.founders[i].suites = own->suites;
	ENSURE(negotiation_choose(n.founders, n.count, &chosen) == ERR_OK &&
		   chosen == n.chosen,
	       ERR_PEER_DOWNGRADE);
out:
	free(n.founders);
	return e;
}

enum err negotiation_missed(struct span extensions,
			    struct negotiation_missed *missed)
{
	struct negotiation n = { 0 };
	struct span data, rest;
	enum err e = ERR_OK;

	*missed = (struct negotiation_missed){ 0 };
	if (!wire_extensions_find(extensions, NEGOTIATION_EXTENSION, &data))
		return ERR_OK;
	e = decode_negotiation(data, &n);
	if (err_class(e) == ERR_CLASS_PEER || n.count == 0)
		goto out;
	TRY(e);
	rest = n.founders[0].suites;
	if (!wire_u16_list_next(&rest, &missed->suite))
		goto out;
	for (size_t i = 1; i < n.count && missed->identity.n == 0; i++)
		if (!wire_u16_list_has(n.founders[i].suites, missed->suite))
			missed->identity = n.founders[i].identity;
out:
	free(n.founders);
	return err_class(e) == ERR_CLASS_PEER ? ERR_OK : e;
}
