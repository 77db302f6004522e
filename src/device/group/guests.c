#include "device/group/guests.h"

#include "device/accounts/accounts.h"
#include "device/accounts/names.h"
#include "device/accounts/pins.h"
#include "session/session.h"
#include "wire/invited.h"
#include "wire/key_package.h"

#include <stdlib.h>
#include <string.h>

static void guest_clear(struct guest *guest)
{
	for (size_t i = 0; i < guest->count; i++)
		buf_clear(&guest->packages[i]);
	free(guest->packages);
	free(guest->package_spans);
	buf_clear(&guest->identity);
	memset(guest, 0, sizeof(*guest));
}

void guests_clear(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		guest_clear(&guests->list[i]);
	free(guests->list);
	memset(guests, 0, sizeof(*guests));
}

/* ---- claiming ---- */

static enum err add_package(struct guest *guest, struct span key_package)
{
	struct buf *packages = realloc(
	    guest->packages, (guest->count + 1) * sizeof(*guest->packages));
	struct span *spans =
	    realloc(guest->package_spans,
		    (guest->count + 1) * sizeof(*guest->package_spans));
	enum err e;

	if (packages != NULL)
		guest->packages = packages;
	if (spans != NULL)
		guest->package_spans = spans;
	ENSURE(packages != NULL && spans != NULL, ERR_LOCAL_MEMORY);
	packages[guest->count] = BUF_INIT;
	buf_put(&packages[guest->count], key_package);
	TRY(buf_end(&packages[guest->count]));
	spans[guest->count] = buf_span(&packages[guest->count]);
	guest->count++;
out:
	return e;
}

static enum err find_guest(struct guests *guests, struct span identity,
			   struct guest **found)
{
	struct guest *grown;
	enum err e;

	for (size_t i = 0; i < guests->count; i++)
		if (span_equal(buf_span(&guests->list[i].identity), identity)) {
			*found = &guests->list[i];
			return ERR_OK;
		}
	grown = realloc(guests->list, (guests->count + 1) * sizeof(*grown));
	ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
	guests->list = grown;
	*found = &grown[guests->count++];
	memset(*found, 0, sizeof(**found));
	buf_put(&(*found)->identity, identity);
	TRY(buf_end(&(*found)->identity));
out:
	return e;
}

/* What its leaf says where that names an account; otherwise the device as the
 * server names it. */
static enum err put_identity(struct device *d, const char *username,
			     const struct answer_key_package *row,
			     struct buf *identity, bool *places)
{
	struct wire_key_package kp;
	const struct suite *suite;
	enum err e = ERR_OK;

	*places = false;
	buf_reset(identity);
	if (wire_key_package_decode(row->key_package, &kp) == ERR_OK &&
	    (suite = suite_by_id(kp.cipher_suite)) != NULL)
		TRY(accounts_check_leaf(d, username, suite,
					kp.leaf_node.credential.identity,
					kp.leaf_node.signature_key, places));
	if (*places)
		buf_put(identity, kp.leaf_node.credential.identity);
	else
		buf_putf(identity, "%s/%s", username, row->device_id);
	TRY(buf_end(identity));
out:
	return e;
}

enum err guests_add(struct device *d, const char *username,
		    const struct answer *answer, struct guests *guests)
{
	struct buf identity = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < answer->key_package_count; i++) {
		const struct answer_key_package *row = &answer->key_packages[i];
		struct guest *guest;
		bool places;

		ENSURE(uuid_is_text(span_str(row->device_id)),
		       ERR_PEER_MALFORMED);
		if (strcmp(row->device_id, d->device_id) == 0)
			continue;
		TRY(put_identity(d, username, row, &identity, &places));
		TRY(find_guest(guests, buf_span(&identity), &guest));
		guest->places = places;
		TRY(add_package(guest, row->key_package));
	}
out:
	buf_clear(&identity);
	return e;
}

bool guests_have(const struct guests *guests, struct span user)
{
	for (size_t i = 0; i < guests->count; i++)
		if (span_equal(roles_user(buf_span(&guests->list[i].identity)),
			       user))
			return true;
	return false;
}

bool guests_have_places(const struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		if (!guests->list[i].places)
			return false;
	return true;
}

bool guests_know_invited(const struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		if (!session_packages_list(guests->list[i].package_spans,
					   guests->list[i].count,
					   INVITED_EXTENSION))
			return false;
	return true;
}

void guests_drop(struct guests *guests, size_t index)
{
	struct guest *guest = &guests->list[index];

	guest_clear(guest);
	memmove(guest, guest + 1, (guests->count - index - 1) * sizeof(*guest));
	guests->count--;
}

/* ---- agreeing ---- */

static bool guest_offers(const struct guest *guest, uint16_t suite)
{
	struct wire_key_package kp;

	return guest->count > 0 &&
	       wire_key_package_decode(guest->package_spans[0], &kp) ==
		   ERR_OK &&
	       wire_u16_list_has(kp.leaf_node.capabilities.cipher_suites,
				 suite);
}

/* By what the devices signed: who does not have the first one. */
static enum err explain_unshared(struct device *d, const struct guests *guests,
				 const struct suites *offer)
{
	const struct suite *first = suite_by_id(offer->ids[0]);
	struct buf name = BUF_INIT;
	size_t i = 0;
	enum err e;

	while (i < guests->count && guest_offers(&guests->list[i], first->id))
		i++;
	if (i == guests->count)
		return why_set(
		    &d->work.why, ERR_PEER_UNSUPPORTED, "no-common-algorithm",
		    "No algorithm is shared by all: allow more of them.");
	TRY(names_put_user(d, roles_user(buf_span(&guests->list[i].identity)),
			   &name));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	e = why_set_about(&d->work.why, span_str((const char *)name.p),
			  ERR_PEER_UNSUPPORTED, "no-common-algorithm",
			  "No algorithm is shared by all: a device of %s does "
			  "not offer %s%s. Allow more of them.",
			  (const char *)name.p, first->algorithm,
			  first->kem_id == SUITE_KEM_XWING
			      ? " (which takes OpenSSL 3.5)"
			      : "");
out:
	buf_clear(&name);
	return e;
}

/* Do two of its KeyPackages list different suites? */
static bool is_mixed(const struct guest *guest)
{
	struct span first = SPAN_EMPTY;
	struct wire_key_package kp;

	for (size_t i = 0; i < guest->count; i++) {
		if (wire_key_package_decode(guest->package_spans[i], &kp) !=
		    ERR_OK)
			return false;
		if (i == 0)
			first = kp.leaf_node.capabilities.cipher_suites;
		else if (!span_equal(first,
				     kp.leaf_node.capabilities.cipher_suites))
			return true;
	}
	return false;
}

static enum err explain_mixed(struct device *d, const struct guest *guest)
{
	struct buf name = BUF_INIT;
	enum err e;

	TRY(names_put_user(d, roles_user(buf_span(&guest->identity)), &name));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	e = why_set_about(
	    &d->work.why, span_str((const char *)name.p), ERR_PEER_DOWNGRADE,
	    "mixed-offers",
	    "The KeyPackages of a device of %s do not all offer the same "
	    "algorithms. Either that device offers others than before, and "
	    "those of before are still at the server, or somebody gave older "
	    "ones in place of newer ones. Nothing was done. It is mended when "
	    "%s logs in again at that device.",
	    (const char *)name.p, (const char *)name.p);
out:
	buf_clear(&name);
	return e;
}

static enum err explain_withheld(struct device *d, const struct guests *guests,
				 enum err e)
{
	for (size_t i = 0; i < guests->count; i++)
		if (is_mixed(&guests->list[i]))
			return explain_mixed(d, &guests->list[i]);
	return why_set(&d->work.why, e, "downgrade",
		       "A better algorithm was withheld: an invited "
		       "device signed that it offers one, but the "
		       "server (or somebody on the way) did not "
		       "deliver its KeyPackage. Nothing was created.");
}

static enum err explain(struct device *d, const struct guests *guests,
			const struct suites *offer, enum err e)
{
	if (e == ERR_PEER_DOWNGRADE)
		return explain_withheld(d, guests, e);
	if (e == ERR_PEER_UNSUPPORTED)
		return explain_unshared(d, guests, offer);
	if (e == ERR_PEER_INVALID || e == ERR_PEER_MALFORMED)
		return why_set(&d->work.why, e, "bad-key-package",
			       "The server delivered a KeyPackage that is not "
			       "the invited device's.");
	return e;
}

/* The same device never has another key. */
static enum err check_pins(struct device *d, const struct guest *guest)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < guest->count; i++) {
		struct wire_key_package kp;
		const struct suite *suite;

		if (wire_key_package_decode(guest->package_spans[i], &kp) !=
		    ERR_OK)
			return ERR_OK; /* negotiation_plan() says so */
		suite = suite_by_id(kp.cipher_suite);
		if (suite != NULL)
			TRY(pins_check(
			    d, suite, buf_span(&guest->identity),
			    kp.leaf_node.signature_key, "Nothing was done",
			    span_equal(kp.leaf_node.credential.identity,
				       buf_span(&guest->identity))));
	}
out:
	return e;
}

enum err guests_plan(struct device *d, const struct guests *guests,
		     const char *identity, const struct suites *offer,
		     struct negotiation_plan *plan)
{
	struct negotiation_invitee *invitees =
	    calloc(guests->count + 1, sizeof(*invitees));
	struct negotiation_offer creator = { 0 };
	struct buf encoded = BUF_INIT;
	enum err e;

	ENSURE(invitees != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < guests->count; i++)
		TRY(check_pins(d, &guests->list[i]));
	for (size_t i = 0; i < offer->count; i++)
		buf_put_u16(&encoded, offer->ids[i]);
	TRY(buf_end(&encoded));
	creator.identity = span_str(identity);
	creator.suites = buf_span(&encoded);
	for (size_t i = 0; i < guests->count; i++)
		invitees[i] = (struct negotiation_invitee){
			.identity = buf_span(&guests->list[i].identity),
			.key_packages = guests->list[i].package_spans,
			.count = guests->list[i].count,
		};
	e = negotiation_plan(&creator, invitees, guests->count, plan);
	if (e != ERR_OK)
		e = explain(d, guests, offer, e);
out:
	buf_clear(&encoded);
	free(invitees);
	return e;
}
