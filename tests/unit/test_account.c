/* An account's log: every kind of link, every rule broken alone, every byte
 * changed, and which key was valid where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/account_state.h"
#include "tests/testlib/accounts.h"

#define ED25519 0x0807
#define ED448 0x0808
#define P256 0x0403

#define LAPTOP 0
#define PHONE 1
#define TABLET 2
#define PAPER HOUSE_RECOVERY

static struct house *make(bool recovery)
{
	struct house *h = malloc(sizeof(*h));

	assert_non_null(h);
	house_init(h, recovery);
	return h;
}

static void end(struct house *h)
{
	house_free(h);
	free(h);
}

/* A link of a house, decoded, to be changed and signed again. */
static struct account_link link_of(const struct house *h, uint64_t number)
{
	struct account_link link;

	assert_int_equal(account_link_decode(house_link(h, number), &link),
			 ERR_OK);
	return link;
}

/* Signed by `by` as it is, and refused. */
static void refuse(struct house *h, int by, const struct account_link *link,
		   const char *wrong)
{
	struct buf out = BUF_INIT;

	house_sign(h, by, link, &out);
	house_refuse(h, buf_span(&out), wrong);
	buf_clear(&out);
}

/* The next link of that kind, with nothing in it. */
static struct account_link next(const struct house *h, int by, uint8_t kind,
				struct account_place *place)
{
	account_log_place(h->log, place);
	return (struct account_link){ .number = place->number + 1,
				      .before = SPAN_ARRAY(place->hash),
				      .kind = kind,
				      .signer = house_signer(h, by).device };
}

/* ---- each kind ---- */

static void test_begin(void **state)
{
	struct house *h = make(true);
	uint8_t hash[ACCOUNT_HASH];
	struct account_device device;
	size_t position = 0;
	(void)state;

	house_hash(h, 1, hash);
	assert_true(
	    span_equal(account_log_fingerprint(h->log), SPAN_ARRAY(hash)));
	assert_true(account_log_is_named(h->log, SPAN_ARRAY(h->salt),
					 SPAN_LIT("alice")));
	assert_false(
	    account_log_is_named(h->log, SPAN_ARRAY(h->salt), SPAN_LIT("bob")));
	assert_false(
	    account_log_is_named(h->log, SPAN_ARRAY(hash), SPAN_LIT("alice")));
	assert_true(account_log_next_device(h->log, &position, &device));
	assert_true(device.number == 1 && device.signer == 1 &&
		    device.removed == 0);
	assert_true(
	    span_equal(device.link_key, buf_span(&h->keys[0].link.public_key)));
	assert_true(
	    span_equal(device.hpke_key, buf_span(&h->keys[0].hpke.public_key)));
	assert_false(account_log_next_device(h->log, &position, &device));
	assert_true(span_equal(account_log_signature_key(h->log, 1, ED448),
			       buf_span(&h->keys[0].signatures[1].public_key)));
	assert_int_equal(account_log_signature_key(h->log, 1, P256).n, 0);
	assert_true(span_equal(account_log_recovery(h->log),
			       buf_span(&h->recovery[0].public_key)));
	assert_true(account_log_changed(h->log) == 0);
	end(h);
}

static void test_empty(void **state)
{
	struct account_place place;
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	account_log_place(log, &place);
	assert_true(place.number == 0);
	assert_false(account_log_has(log, &place));
	assert_int_equal(account_log_fingerprint(log).n, 0);
	assert_int_equal(account_log_recovery(log).n, 0);
	assert_int_equal(account_log_standing(log), 0);
	account_log_free(log);
}

static void test_devices_come_and_go(void **state)
{
	struct house *h = make(false);
	struct account_device device;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	house_add(h, PHONE, TABLET);
	assert_int_equal(account_log_standing(h->log), 3);
	house_remove_two(h, TABLET, LAPTOP, PHONE);
	assert_int_equal(account_log_standing(h->log), 1);
	assert_true(account_log_device(h->log, h->number[PHONE], &device));
	assert_true(device.number == 2 && device.signer == 1 &&
		    device.removed == 4);
	assert_false(account_log_device(h->log, 4, &device));
	house_add(h, TABLET, 3);
	house_remove(h, TABLET, TABLET); /* itself */
	assert_true(account_log_changed(h->log) == 0);
	house_close(h, 3);
	assert_true(account_log_closed(h->log) == 7);
	end(h);
}

static void test_keys(void **state)
{
	struct house *h = make(false);
	struct account_place before = house_place(h), after;
	uint64_t device = 0;
	(void)state;

	house_keys(h, LAPTOP);
	after = house_place(h);
	assert_int_equal(account_key_valid(h->log, P256,
					   buf_span(&h->pair.public_key),
					   &after, &device),
			 ACCOUNT_VALID);
	assert_true(device == 1);
	assert_int_equal(account_key_valid(h->log, P256,
					   buf_span(&h->pair.public_key),
					   &before, NULL),
			 ACCOUNT_LATER);
	end(h);
}

/* The recovery key replaced with its own signature: nobody has to compare. */
static void test_recover(void **state)
{
	struct house *h = make(false);
	(void)state;

	house_recover(h, LAPTOP, 0); /* the first one takes nobody's place */
	assert_true(account_log_changed(h->log) == 0);
	house_recover(h, PAPER, 1);
	assert_true(account_log_changed(h->log) == 0);
	assert_true(span_equal(account_log_recovery(h->log),
			       buf_span(&h->recovery[1].public_key)));
	end(h);
}

static void test_recover_without_the_old_one(void **state)
{
	struct house *h = make(true);
	(void)state;

	house_recover(h, LAPTOP, 1);
	assert_true(account_log_changed(h->log) == 2);
	house_add(h, LAPTOP, PHONE);
	assert_true(account_log_changed(h->log) == 2);
	end(h);
}

static void test_device_by_recovery(void **state)
{
	struct house *h = make(true);
	(void)state;

	house_remove(h, LAPTOP, LAPTOP); /* the recovery key stands */
	assert_int_equal(account_log_standing(h->log), 0);
	house_add(h, PAPER, PHONE);
	assert_true(account_log_changed(h->log) == 3);
	house_remove(h, PAPER, PHONE);
	house_add(h, PAPER, TABLET);
	assert_true(account_log_changed(h->log) == 5);
	house_close(h, PAPER);
	end(h);
}

static void test_withdraw(void **state)
{
	struct house *h = make(false);
	uint8_t lost[ACCOUNT_HASH] = { 1, 2, 3 };
	(void)state;

	house_withdraw(h, LAPTOP, SPAN_ARRAY(lost));
	assert_true(house_place(h).number == 2);
	end(h);
}

/* ---- each rule broken ---- */

static void test_place_in_the_log(void **state)
{
	struct house *h = make(false);
	struct account_place place;
	struct account_link link = next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	uint8_t other[ACCOUNT_HASH] = { 0 };
	(void)state;

	link.number = 1;
	refuse(h, LAPTOP, &link, "its number is not the next one");
	link.number = 3;
	refuse(h, LAPTOP, &link, "its number is not the next one");
	link.number = 2;
	link.before = SPAN_ARRAY(other);
	refuse(h, LAPTOP, &link, "it does not follow the link before it");
	link = link_of(h, 1);
	link.number = 2;
	link.before = SPAN_ARRAY(place.hash);
	refuse(h, LAPTOP, &link,
	       "a log has one begin, and it is the first link");
	end(h);
}

static void test_first_link(void **state)
{
	struct house *h = malloc(sizeof(*h)), *other = make(false);
	struct account_link link;
	static const uint8_t none[ACCOUNT_HASH];
	(void)state;

	assert_non_null(h);
	house_init_empty(h);
	house_make(h, LAPTOP);
	link = (struct account_link){ .number = 1,
				      .before = SPAN_ARRAY(none),
				      .kind = ACCOUNT_CLOSE,
				      .signer = 1 };
	refuse(h, LAPTOP, &link,
	       "a log has one begin, and it is the first link");
	link = link_of(other, 1);
	refuse(h, LAPTOP, &link, "its signature does not verify");
	link.signer = 2;
	refuse(other, LAPTOP, &link, "its number is not the next one");
	refuse(h, LAPTOP, &link, "its signer does not stand in the log");
	link.signer = ACCOUNT_RECOVERY_SIGNER;
	refuse(h, LAPTOP, &link, "its signer does not stand in the log");
	end(h);
	end(other);
}

/* Behind a name a person reads whether it was verified: none says that by itself, and
 * none looks like two. */
static void test_names(void **state)
{
	static const char *const odd[] = { "",
					   "Alice",
					   "a/b",
					   "alice (verified)",
					   "a, b",
					   "bob~1a2b3c4d",
					   "\xc3\xa1"
					   "lice",
					   "123456789012345678901"
					   "234567890123" };
	(void)state;

	assert_true(text_is_username(SPAN_LIT("alice.b-c_1")));
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct house *h = calloc(1, sizeof(*h));
		struct buf link = BUF_INIT;

		assert_non_null(h);
		house_init_empty(h);
		house_make(h, 0);
		assert_int_equal(account_name_hash(SPAN_ARRAY(h->salt),
						   span_str(odd[i]), h->name),
				 ERR_OK);
		assert_int_equal(account_sign_begin(SPAN_ARRAY(h->name),
						    &h->keys[0], NULL, &link),
				 ERR_OK);
		house_take(h, buf_span(&link));
		assert_false(account_log_is_named(h->log, SPAN_ARRAY(h->salt),
						  span_str(odd[i])));
		buf_clear(&link);
		end(h);
	}
}

static void test_begin_is_countersigned(void **state)
{
	struct house *h = make(false);
	static const uint8_t none[ACCOUNT_HASH];
	struct account_link link = link_of(h, 1);
	struct buf out = BUF_INIT;
	struct account_log *log;
	(void)state;

	link.name = SPAN_ARRAY(none);
	house_sign(h, LAPTOP, &link, &out);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_string_equal(account_log_add(log, buf_span(&out)).wrong,
			    "a new key has not signed");
	account_log_free(log);
	buf_clear(&out);
	end(h);
}

static void test_signers(void **state)
{
	struct house *h = make(false);
	struct account_place place;
	struct account_link link = next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	(void)state;

	house_make(h, PHONE);
	refuse(h, PHONE, &link, "its signature does not verify");
	link.signer = 2;
	refuse(h, LAPTOP, &link, "its signer does not stand in the log");
	link.signer = ACCOUNT_RECOVERY_SIGNER;
	refuse(h, LAPTOP, &link, "its signer does not stand in the log");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, PHONE, LAPTOP);
	link = next(h, LAPTOP, ACCOUNT_CLOSE, &place);
	refuse(h, LAPTOP, &link, "its signer does not stand in the log");
	house_recover(h, PHONE, 0);
	house_recover(h, PAPER, 1);
	link = next(h, PAPER, ACCOUNT_CLOSE, &place);
	refuse(h, PAPER, &link, "its signature does not verify"); /* the old */
	link = next(h, PAPER + 1, ACCOUNT_KEYS, &place);
	link.withdrawn = SPAN_ARRAY(h->salt);
	refuse(h, PAPER + 1, &link, "a device adds its keys itself");
	end(h);
}

static void test_after_close(void **state)
{
	struct house *h = make(true);
	struct account_place place;
	struct account_link link;
	(void)state;

	house_close(h, LAPTOP);
	link = next(h, PAPER, ACCOUNT_CLOSE, &place);
	refuse(h, PAPER, &link, "the account is closed");
	end(h);
}

/* No key comes again: the same device, a key in another place, a key of a device
 * that has gone, an old recovery key, twice in one link. */
static void test_keys_come_once(void **state)
{
	struct house *h = make(true);
	struct buf out = BUF_INIT;
	(void)state;

	house_put_add(h, LAPTOP, LAPTOP, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, LAPTOP, PHONE);
	buf_reset(&out);
	house_put_add(h, LAPTOP, PHONE, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");

	house_make(h, TABLET);
	account_pair_clear(&h->keys[TABLET].link);
	h->keys[TABLET].link.suite = h->recovery[0].suite;
	assert_int_equal(sec_set(&h->keys[TABLET].link.private_key,
				 sec_span(&h->recovery[0].private_key)),
			 ERR_OK);
	buf_put(&h->keys[TABLET].link.public_key,
		buf_span(&h->recovery[0].public_key));
	buf_reset(&out);
	house_put_add(h, LAPTOP, TABLET, &out);
	house_refuse(h, buf_span(&out), "a key stood in the log before");

	house_make(h, 3);
	buf_reset(&h->keys[3].hpke.public_key);
	buf_put(&h->keys[3].hpke.public_key,
		buf_span(&h->keys[3].link.public_key));
	buf_reset(&out);
	house_put_add(h, LAPTOP, 3, &out);
	house_refuse(h, buf_span(&out), "a key comes twice");
	buf_clear(&out);
	end(h);
}

static void test_recovery_key_comes_once(void **state)
{
	struct house *h = make(true);
	struct account_signer signer;
	struct buf out = BUF_INIT;
	(void)state;

	house_recover(h, PAPER, 1);
	signer = house_signer(h, PAPER + 1);
	assert_int_equal(account_sign_recover(h->log, &signer, &h->recovery[0],
					      SPAN_EMPTY, &out),
			 ERR_OK);
	house_refuse(h, buf_span(&out), "a key stood in the log before");
	buf_clear(&out);
	end(h);
}

/* Each of the signatures of those who are new, one at a time. */
static void test_countersignatures(void **state)
{
	struct house *h = make(false);
	struct buf bytes = BUF_INIT, signatures = BUF_INIT, out = BUF_INIT;
	struct account_link link;
	(void)state;

	house_make(h, PHONE);
	house_put_add(h, LAPTOP, PHONE, &bytes);
	assert_int_equal(account_link_decode(buf_span(&bytes), &link), ERR_OK);
	buf_put(&signatures, link.device.signatures);
	link.device.signatures = buf_span(&signatures);
	for (size_t at = 4; at < signatures.n; at += 65) {
		signatures.p[at] ^= 1;
		refuse(h, LAPTOP, &link, "a new key has not signed");
		signatures.p[at] ^= 1;
	}
	/* for another account */
	buf_reset(&bytes);
	assert_int_equal(
	    account_sign_device(SPAN_ARRAY(h->salt), &h->keys[PHONE], &bytes),
	    ERR_OK);
	struct account_signer signer = house_signer(h, LAPTOP);

	assert_int_equal(account_sign_add(h->log, &signer, buf_span(&bytes),
					  SPAN_EMPTY, &out),
			 ERR_OK);
	house_refuse(h, buf_span(&out), "a new key has not signed");
	buf_clear(&bytes);
	buf_clear(&signatures);
	buf_clear(&out);
	end(h);
}

static void test_recovery_signs(void **state)
{
	struct house *h = make(true);
	struct account_signer signer = house_signer(h, PAPER);
	struct buf out = BUF_INIT;
	uint8_t changed[ACCOUNT_SIGNATURE];
	struct account_link link;
	(void)state;

	house_make_recovery(h, 1);
	assert_int_equal(account_sign_recover(h->log, &signer, &h->recovery[1],
					      SPAN_EMPTY, &out),
			 ERR_OK);
	assert_int_equal(account_link_decode(buf_span(&out), &link), ERR_OK);
	(void)span_copy(changed, link.recovery.signature);
	changed[3] ^= 4;
	link.recovery.signature = SPAN_ARRAY(changed);
	refuse(h, PAPER, &link, "a new key has not signed");
	buf_clear(&out);
	end(h);
}

static void test_added_keys(void **state)
{
	struct house *h = make(false);
	struct account_place place;
	struct account_link link, good;
	struct buf list = BUF_INIT;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	house_keys(h, LAPTOP);
	good = link_of(h, 3);
	link = next(h, PHONE, ACCOUNT_KEYS, &place);
	refuse(h, PHONE, &link, "it says nothing");
	link.device = good.device; /* of another device, and there before */
	refuse(h, PHONE, &link, "a key stood in the log before");
	account_link_put_key(&list, ED448, SPAN_ARRAY(h->salt));
	link.device.keys = buf_span(&list);
	refuse(h, PHONE, &link, "the device has a key of that scheme");
	buf_reset(&list);
	account_link_put_key(&list, 0x1234, SPAN_ARRAY(h->salt));
	link.device.keys = buf_span(&list);
	refuse(h, PHONE, &link, "a signature scheme is not known here");
	buf_reset(&list);
	account_link_put_key(&list, P256, SPAN_ARRAY(h->salt)); /* no point */
	link.device.keys = buf_span(&list);
	refuse(h, PHONE, &link, "a new key has not signed");
	buf_reset(&list);
	for (uint16_t i = 1; i < ACCOUNT_SIGNATURE_KEYS_MAX; i++)
		account_link_put_key(&list, i, span_of(&"abcdefgh"[i], 1));
	link.device.keys = buf_span(&list);
	link.device.signatures = SPAN_LIT("\0\0\0\0\0\0\0");
	refuse(h, PHONE, &link, "the device has too many keys");
	buf_clear(&list);
	end(h);
}

static void test_hpke_key(void **state)
{
	struct house *h = make(false);
	struct buf out = BUF_INIT;
	(void)state;

	house_make(h, PHONE); /* a point of small order */
	memset(h->keys[PHONE].hpke.public_key.p, 0, ACCOUNT_KEY);
	house_put_add(h, LAPTOP, PHONE, &out);
	house_refuse(h, buf_span(&out), "an HPKE key is none");
	buf_clear(&out);
	end(h);
}

static void test_removals(void **state)
{
	struct house *h = make(false);
	struct account_place place;
	struct account_link link = next(h, LAPTOP, ACCOUNT_REMOVE, &place);
	static const char gone[] = "a device that it removes does not stand";
	(void)state;

	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\2");
	refuse(h, LAPTOP, &link, gone);
	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\1");
	refuse(h, LAPTOP, &link, "no device and no recovery key would stand");
	house_add(h, LAPTOP, PHONE);
	house_remove(h, LAPTOP, PHONE);
	link = next(h, LAPTOP, ACCOUNT_REMOVE, &place);
	link.removed = SPAN_LIT("\0\0\0\0\0\0\0\2");
	refuse(h, LAPTOP, &link, gone);
	end(h);
}

static void test_withdraws_no_link_of_its_own(void **state)
{
	struct house *h = make(false);
	struct account_place place;
	struct account_link link = next(h, LAPTOP, ACCOUNT_KEYS, &place);
	(void)state;

	link.withdrawn = SPAN_ARRAY(place.hash);
	refuse(h, LAPTOP, &link, "it withdraws a link of this log");
	end(h);
}

/* As if there were so many links. */
static void end_of_room(struct house *h)
{
	uint8_t(*hashes)[ACCOUNT_HASH] = h->log->hashes;
	size_t count = h->log->count;

	h->log->hashes = calloc(ACCOUNT_LINKS_MAX, sizeof(*hashes));
	assert_non_null(h->log->hashes);
	h->log->count = ACCOUNT_LINKS_MAX;
	assert_string_equal(account_log_add(h->log, house_link(h, 2)).wrong,
			    "the log is full");
	free(h->log->hashes);
	h->log->hashes = hashes;
	h->log->count = count;
}

static void test_limits(void **state)
{
	struct house *h = make(false);
	struct buf out = BUF_INIT;
	(void)state;

	for (int i = 1; i < ACCOUNT_DEVICES_MAX; i++)
		house_add(h, LAPTOP, i);
	house_make(h, ACCOUNT_DEVICES_MAX);
	house_put_add(h, LAPTOP, ACCOUNT_DEVICES_MAX, &out);
	house_refuse(h, buf_span(&out), "the account has too many devices");
	house_remove(h, LAPTOP, PHONE);
	house_add(h, LAPTOP, ACCOUNT_DEVICES_MAX);
	end_of_room(h);
	buf_clear(&out);
	end(h);
}

/* ---- every byte changed ---- */

/* One link of each kind. */
static struct house *all_kinds(void)
{
	struct house *h = make(true);
	uint8_t lost[ACCOUNT_HASH] = { 9 };

	house_add(h, LAPTOP, PHONE);
	house_keys(h, PHONE);
	house_recover(h, LAPTOP, 1);
	house_withdraw(h, PHONE, SPAN_ARRAY(lost));
	house_remove(h, HOUSE_RECOVERY + 1, PHONE);
	house_close(h, LAPTOP);
	return h;
}

/* What is wrong with a link whose byte at `at` was changed: NULL, what stands
 * between place and signature may break any rule. */
static const char *expected(size_t at, size_t n)
{
	if (at == 0)
		return "its version or kind is not known here";
	if (at < 9)
		return "its number is not the next one";
	if (at < 41)
		return "it does not follow the link before it";
	return at >= n - ACCOUNT_SIGNATURE ? "its signature does not verify"
					   : NULL;
}

static void change_each_byte(struct account_log *log, struct span link)
{
	uint8_t changed[ACCOUNT_LINK_MAX];
	struct check_verdict verdict;
	struct account_place before, after;
	const char *wrong;

	account_log_place(log, &before);
	(void)span_copy(changed, link);
	for (size_t i = 0; i < link.n; i++) {
		changed[i] ^= (uint8_t)(1u << (i % 8));
		verdict = account_log_add(log, span_of(changed, link.n));
		wrong = expected(i, link.n);
		if (verdict.wrong == NULL)
			fail_msg("byte %zu", i);
		if (wrong != NULL)
			assert_string_equal(verdict.wrong, wrong);
		assert_false(verdict.local);
		changed[i] = link.p[i];
	}
	account_log_place(log, &after);
	assert_memory_equal(&before, &after, sizeof(after));
}

static void test_every_byte_counts(void **state)
{
	struct house *h = all_kinds();
	struct account_log *log;
	struct account_place end_of_log, place;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	for (uint64_t i = 1; i <= 7; i++) {
		change_each_byte(log, house_link(h, i));
		assert_null(account_log_add(log, house_link(h, i)).wrong);
	}
	account_log_place(log, &place);
	end_of_log = house_place(h);
	assert_memory_equal(&place, &end_of_log, sizeof(place));
	account_log_free(log);
	end(h);
}

/* Left out, twice, or in another order. */
static void test_every_link_counts(void **state)
{
	struct house *h = all_kinds();
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	for (uint64_t i = 1; i <= 7; i++) {
		for (uint64_t other = 1; other <= 7; other++)
			if (other != i)
				assert_non_null(
				    account_log_add(log, house_link(h, other))
					.wrong);
		assert_null(account_log_add(log, house_link(h, i)).wrong);
	}
	account_log_free(log);
	end(h);
}

static void test_all_at_once(void **state)
{
	struct house *h = all_kinds();
	struct span links = buf_span(&h->links);
	struct account_place place;
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	links.n--;
	assert_string_equal(account_log_add_all(log, links).wrong,
			    "it is no list of links");
	account_log_place(log, &place);
	assert_true(place.number == 6);
	assert_string_equal(account_log_add_all(log, buf_span(&h->links)).wrong,
			    "its number is not the next one");
	account_log_free(log);
	end(h);
}

/* What was verified before is taken as it was, but for its signatures. */
static void test_load(void **state)
{
	struct house *h = all_kinds();
	struct account_place place, end_of_log = house_place(h);
	struct account_log *log;
	struct buf changed = BUF_INIT;
	(void)state;

	buf_put(&changed, buf_span(&h->links));
	changed.p[changed.n - 1] ^= 1;
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_load(log, buf_span(&h->links)).wrong);
	account_log_place(log, &place);
	assert_memory_equal(&place, &end_of_log, sizeof(place));
	account_log_free(log);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_string_equal(account_log_add_all(log, buf_span(&changed)).wrong,
			    "its signature does not verify");
	assert_null(
	    account_log_load(log, span_of(changed.p + changed.n - 118, 118))
		.wrong);
	assert_string_equal(account_log_load(log, buf_span(&changed)).wrong,
			    "the account is closed");
	account_log_free(log);
	buf_clear(&changed);
	end(h);
}

/* The format stays: a log of before is good, with the same hash. */
static void test_frozen(void **state)
{
	static const uint8_t expected[ACCOUNT_HASH] = {
		0x1a, 0xa5, 0x7e, 0x1e, 0x1b, 0x77, 0x34, 0x42,
		0x96, 0x40, 0x1c, 0x61, 0xb6, 0x2f, 0x17, 0x62,
		0x2e, 0x95, 0x85, 0xe0, 0x38, 0x38, 0xe3, 0xd8,
		0x26, 0x66, 0xae, 0xda, 0xdb, 0x6a, 0xf3, 0xa1
	};
	FILE *file = fopen("tests/fuzz/corpus/account_log/every-kind", "rb");
	static uint8_t bytes[4096];
	struct account_place place;
	struct account_log *log;
	struct rd r;
	(void)state;

	assert_non_null(file);
	r = rd_init(span_of(bytes, fread(bytes, 1, sizeof(bytes), file)));
	(void)fclose(file);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add_all(log, rd_vec(&r)).wrong);
	account_log_place(log, &place);
	assert_true(place.number == 7);
	assert_memory_equal(place.hash, expected, ACCOUNT_HASH);
	account_log_free(log);
}

/* ---- a key at a place ---- */

static enum account_validity valid(const struct house *h, int who,
				   const struct account_place *place)
{
	uint64_t device = 0;
	enum account_validity v = account_key_valid(
	    h->log, ED25519, buf_span(&h->keys[who].signatures[0].public_key),
	    place, &device);

	if (v != ACCOUNT_UNKNOWN && v != ACCOUNT_ELSEWHERE)
		assert_true(device == h->number[who]);
	return v;
}

static void test_validity(void **state)
{
	struct house *h = make(false);
	struct account_place at[5] = { [1] = house_place(h) };
	struct account_place elsewhere;
	(void)state;

	house_add(h, LAPTOP, PHONE);
	at[2] = house_place(h);
	house_remove(h, LAPTOP, PHONE);
	at[3] = house_place(h);
	house_close(h, LAPTOP);
	at[4] = house_place(h);
	house_make(h, TABLET);
	assert_int_equal(valid(h, PHONE, &at[1]), ACCOUNT_LATER);
	assert_int_equal(valid(h, PHONE, &at[2]), ACCOUNT_VALID);
	assert_int_equal(valid(h, PHONE, &at[3]), ACCOUNT_ENDED);
	assert_int_equal(valid(h, LAPTOP, &at[3]), ACCOUNT_VALID);
	assert_int_equal(valid(h, LAPTOP, &at[4]), ACCOUNT_ENDED);
	assert_int_equal(valid(h, TABLET, &at[2]), ACCOUNT_UNKNOWN);
	elsewhere = at[2];
	elsewhere.hash[5] ^= 1;
	assert_int_equal(valid(h, PHONE, &elsewhere), ACCOUNT_ELSEWHERE);
	elsewhere = at[4];
	elsewhere.number = 5;
	assert_int_equal(valid(h, LAPTOP, &elsewhere), ACCOUNT_ELSEWHERE);
	elsewhere.number = 0;
	assert_int_equal(valid(h, LAPTOP, &elsewhere), ACCOUNT_ELSEWHERE);
	/* under another scheme, and a key that signs no leaves */
	assert_int_equal(
	    account_key_valid(h->log, ED448,
			      buf_span(&h->keys[0].signatures[0].public_key),
			      &at[1], NULL),
	    ACCOUNT_UNKNOWN);
	assert_int_equal(
	    account_key_valid(h->log, 0, buf_span(&h->keys[0].link.public_key),
			      &at[1], NULL),
	    ACCOUNT_UNKNOWN);
	end(h);
}

/* Devices added, removed and recovered many times: the fingerprint stays. */
static void test_a_long_life(void **state)
{
	struct house *h = make(true);
	uint8_t fingerprint[ACCOUNT_HASH];
	(void)state;

	(void)span_copy(fingerprint, account_log_fingerprint(h->log));
	for (int i = 0; i < 40; i++) {
		account_keys_clear(&h->keys[PHONE]);
		account_pair_clear(&h->recovery[(i + 1) % 2]);
		h->recovery[(i + 1) % 2].suite = NULL;
		house_add(h, i % 3 == 0 ? PAPER + i % 2 : LAPTOP, PHONE);
		house_recover(h, PAPER + i % 2, (i + 1) % 2);
		house_remove(h, LAPTOP, PHONE);
	}
	assert_true(house_place(h).number == 121);
	assert_true(span_equal(account_log_fingerprint(h->log),
			       SPAN_ARRAY(fingerprint)));
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_devices_come_and_go),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_recover_without_the_old_one),
		cmocka_unit_test(test_device_by_recovery),
		cmocka_unit_test(test_withdraw),
		cmocka_unit_test(test_place_in_the_log),
		cmocka_unit_test(test_first_link),
		cmocka_unit_test(test_begin_is_countersigned),
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_after_close),
		cmocka_unit_test(test_keys_come_once),
		cmocka_unit_test(test_recovery_key_comes_once),
		cmocka_unit_test(test_countersignatures),
		cmocka_unit_test(test_recovery_signs),
		cmocka_unit_test(test_added_keys),
		cmocka_unit_test(test_hpke_key),
		cmocka_unit_test(test_removals),
		cmocka_unit_test(test_withdraws_no_link_of_its_own),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_every_link_counts),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_a_long_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
