#include "tests/testlib/session_world.h"
#include "session/invited.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"
#include "device/group/shelf.h"
#include "session/items.h"
#include "tests/testlib/records.h"
#include "tests/testlib/session_value.h"

const uint8_t world_id[SESSION_ID] = { 'a', ' ', 's', 'e', 's', 's',
				       'i', 'o', 'n', ' ', 'i', 'd' };

/* ---- a device ---- */

void device_make(struct device *d, const char *name, uint16_t suite)
{
	static const uint16_t all[] = {
		SUITE_X448_AES256GCM_SHA512_ED448,
		SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
		SUITE_X25519_TWOFISH256GCM_SHA256_ED25519,
	};
	size_t n = 0;

	memset(d, 0, sizeof(*d));
	d->suites[n++] = suite; /* preferred, so chosen */
	for (size_t i = 0; n < 3; i++) {
		if (all[i] != suite)
			d->suites[n++] = all[i];
	}
	d->me.suite = suite_by_id(suite);
	d->me.rng = rng_system();
	d->me.now = NOW;
	d->me.lifetime = 86400;
	d->me.credential_identity = span_str(name);
	d->me.cipher_suites = d->suites;
	d->me.cipher_suite_count = 3;
	session_identity(&d->me);
	assert_int_equal(sign_generate(d->me.suite, d->me.rng, &d->private_key,
				       &d->public_key),
			 ERR_OK);
	d->me.signature_private = sec_span(&d->private_key);
	d->me.signature_public = buf_span(&d->public_key);
	assert_int_equal(
	    mls_key_package_create(&d->me, false, &d->secrets, &d->key_package),
	    ERR_OK);
}

void device_free(struct device *d)
{
	session_free(d->session);
	sec_clear(&d->private_key);
	buf_clear(&d->public_key);
	buf_clear(&d->key_package);
	mls_key_package_secrets_clear(&d->secrets);
}

/* Item by item it is the same, and then nothing is left to be written. */
static void restart_by_item(const struct device *d, struct span state)
{
	struct records *records = calloc(1, sizeof(*records));
	struct session *loaded = NULL;
	struct shelf *shelf = NULL;
	struct buf again = BUF_INIT, record = BUF_INIT;
	struct mls_items items;

	assert_non_null(records);
	records_init(records);
	assert_int_equal(shelf_new("id", rng_system(), &shelf), ERR_OK);
	items = shelf_items(shelf, &records->store);
	session_store_again(d->session);
	assert_int_equal(session_store(d->session, &items), ERR_OK);
	assert_int_equal(shelf_flush(shelf, &records->store, &record), ERR_OK);
	shelf_free(shelf);
	assert_int_equal(shelf_open("id", buf_span(&record), &shelf), ERR_OK);
	items = shelf_items(shelf, &records->store);
	assert_int_equal(session_restore(&items, &loaded), ERR_OK);
	assert_int_equal(shelf_is_read(shelf), ERR_OK);
	assert_int_equal(session_value(loaded, &again), ERR_OK);
	assert_true(span_equal(buf_span(&again), state));
	records->puts = 0;
	assert_int_equal(session_store(loaded, &items), ERR_OK);
	buf_reset(&record);
	assert_int_equal(shelf_flush(shelf, &records->store, &record), ERR_OK);
	assert_int_equal(record.n, 0);
	assert_int_equal(records->puts, 0);
	session_free(loaded);
	shelf_free(shelf);
	buf_clear(&again);
	buf_clear(&record);
	records_free(records);
	free(records);
}

void device_restart(struct device *d)
{
	struct buf state = BUF_INIT, again = BUF_INIT;
	struct session *loaded = NULL;

	assert_int_equal(session_value(d->session, &state), ERR_OK);
	assert_int_equal(session_load(buf_span(&state), &loaded), ERR_OK);
	assert_int_equal(session_value(loaded, &again), ERR_OK);
	assert_true(span_equal(buf_span(&state), buf_span(&again)));
	restart_by_item(d, buf_span(&state));
	session_free(d->session);
	d->session = loaded;
	buf_clear(&state);
	buf_clear(&again);
}

/* ---- the log ---- */

void ledger_make(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	assert_int_equal(chain_start(&ledger->chain, SPAN_ARRAY(world_id)),
			 ERR_OK);
}

void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < LEDGER_MAX; i++)
		buf_clear(&ledger->entries[i].bytes);
}

uint64_t ledger_post(struct ledger *ledger, enum chain_kind kind,
		     struct span bytes)
{
	struct entry *entry = &ledger->entries[ledger->chain.seq];

	entry->kind = kind;
	buf_put(&entry->bytes, bytes);
	assert_int_equal(chain_next(&ledger->chain, kind, bytes, entry->head),
			 ERR_OK);
	chain_advance(&ledger->chain, entry->head);
	return ledger->chain.seq;
}

const struct entry *ledger_entry(const struct ledger *ledger, uint64_t seq)
{
	return &ledger->entries[seq - 1];
}

enum err device_receive(struct device *d, const struct ledger *ledger,
			uint64_t seq, struct session_event *event)
{
	const struct entry *entry = ledger_entry(ledger, seq);

	return session_receive(d->session, NOW, seq, entry->kind,
			       buf_span(&entry->bytes), entry->head, event);
}

void expect(struct device *d, const struct ledger *ledger,
	    enum session_event_kind kind, struct session_event *event)
{
	uint64_t seq = session_seq(d->session) + 1;

	assert_int_equal(device_receive(d, ledger, seq, event), ERR_OK);
	assert_int_equal(event->kind, kind);
	assert_true(session_seq(d->session) == seq);
	assert_memory_equal(session_head(d->session),
			    ledger_entry(ledger, seq)->head, CHAIN_HEAD);
}

void expect_kind(struct device *d, const struct ledger *ledger,
		 enum session_event_kind kind)
{
	struct session_event event = { 0 };

	expect(d, ledger, kind, &event);
	session_event_clear(&event);
}

void expect_refused(struct device *d, const struct ledger *ledger, enum err e)
{
	struct session_event event = { 0 };

	expect(d, ledger, SESSION_REFUSED, &event);
	assert_int_equal(event.refused, e);
	assert_int_equal(event.data.n, 0);
	session_event_clear(&event);
}

void expect_text(struct device *d, const struct ledger *ledger,
		 enum session_event_kind kind, const char *from,
		 const char *text)
{
	struct session_event event = { 0 };

	expect(d, ledger, kind, &event);
	assert_true(span_equal(buf_span(&event.data), span_str(text)));
	assert_true(span_equal(buf_span(&event.identity), span_str(from)));
	assert_true(event.sent_ms == NOW_MS);
	session_event_clear(&event);
}

uint64_t device_say(struct device *d, struct ledger *ledger, const char *text)
{
	struct buf envelope = BUF_INIT;
	uint64_t seq;

	assert_int_equal(session_send(d->session, &d->me, NOW_MS,
				      span_str(text), &envelope, NULL),
			 ERR_OK);
	seq = ledger_post(ledger, CHAIN_APPLICATION, buf_span(&envelope));
	buf_clear(&envelope);
	return seq;
}

/* ---- groups ---- */

void world_create(struct device *alice, const struct device *invited,
		  enum world_policy policy)
{
	struct buf own = BUF_INIT, info = BUF_INIT;
	struct negotiation_offer offer;
	struct negotiation_invitee invitee = { 0 };
	struct negotiation_plan plan;
	struct span key_package;

	for (size_t i = 0; i < 3; i++)
		buf_put_u16(&own, alice->suites[i]);
	offer = (struct negotiation_offer){ alice->me.credential_identity,
					    buf_span(&own) };
	if (invited != NULL) {
		key_package = buf_span(&invited->key_package);
		invitee = (struct negotiation_invitee){
			invited->me.credential_identity, &key_package, 1
		};
	}
	assert_int_equal(
	    negotiation_plan(&offer, &invitee, invited != NULL, &plan), ERR_OK);
	assert_ptr_equal(plan.suite, alice->me.suite);
	if (policy != WORLD_UNSAID)
		assert_int_equal(
		    session_put_policy(policy == WORLD_OPEN, &plan.extensions),
		    ERR_OK);
	assert_int_equal(session_create(&alice->me, world_id, &plan, NULL,
					&alice->session, &info),
			 ERR_OK);
	assert_ptr_equal(session_group_info_suite(buf_span(&info)),
			 alice->me.suite);
	negotiation_plan_clear(&plan);
	buf_clear(&own);
	buf_clear(&info);
}

enum err device_stage(struct device *d, const struct mls_change *change,
		      struct mls_commit *out)
{
	return session_commit(d->session, &d->me, change, out);
}

void world_add(struct device *by, struct device *who, struct ledger *ledger)
{
	struct span key_package = buf_span(&who->key_package);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1 };
	struct mls_commit commit = { 0 };
	uint64_t seq;

	assert_int_equal(device_stage(by, &change, &commit), ERR_OK);
	device_restart(by);
	seq = ledger_post(ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	assert_int_equal(session_accepted(by->session, NOW, seq,
					  ledger_entry(ledger, seq)->head),
			 ERR_OK);
	assert_true(session_seq(by->session) == seq);
	assert_false(session_pending(by->session));
	assert_int_equal(
	    session_join_welcome(&who->me, world_id, buf_span(&commit.welcome),
				 SESSION_WITHIN, key_package, &who->secrets,
				 seq, ledger_entry(ledger, seq)->head,
				 &(enum session_tree){ 0 }, &who->session),
	    ERR_OK);
	mls_commit_clear(&commit);
}

void world_join(struct device *who, struct device *at, bool resync,
		struct ledger *ledger)
{
	struct mls_commit commit = { 0 };
	struct buf info = BUF_INIT;
	uint64_t seq;

	assert_int_equal(
	    mls_group_info(session_group(at->session), &at->me, true, &info),
	    ERR_OK);
	session_free(who->session);
	who->session = NULL;
	assert_int_equal(session_join_external(&who->me, world_id,
					       buf_span(&info), resync, NULL,
					       NULL, &who->session, &commit),
			 ERR_OK);
	assert_false(session_member(who->session));
	device_restart(who);
	seq = ledger_post(ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	assert_int_equal(session_accepted(who->session, NOW, seq,
					  ledger_entry(ledger, seq)->head),
			 ERR_OK);
	assert_true(session_member(who->session));
	mls_commit_clear(&commit);
	buf_clear(&info);
}

void assert_same_group(const struct device *a, const struct device *b)
{
	char number[2][SAFETY_SIZE];

	assert_true(session_epoch(a->session) == session_epoch(b->session));
	assert_true(span_equal(
	    mls_group_epoch_authenticator(session_group(a->session)),
	    mls_group_epoch_authenticator(session_group(b->session))));
	assert_int_equal(session_safety_number(a->session, number[0]), ERR_OK);
	assert_int_equal(session_safety_number(b->session, number[1]), ERR_OK);
	assert_string_equal(number[0], number[1]);
}

void world_make(struct world *w, uint16_t suite)
{
	device_make(&w->alice, "alice/1", suite);
	device_make(&w->bob, "bob/1", suite);
	device_make(&w->carol, "carol/1", suite);
	ledger_make(&w->ledger);
	world_create(&w->alice, &w->bob, WORLD_UNSAID);
	world_add(&w->alice, &w->bob, &w->ledger);
	assert_same_group(&w->alice, &w->bob);
}

void world_free(struct world *w)
{
	device_free(&w->alice);
	device_free(&w->bob);
	device_free(&w->carol);
	ledger_free(&w->ledger);
}
