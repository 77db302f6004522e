#include "tests/testlib/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/label.h"

#define MUST(call) assert_int_equal((call), ERR_OK)

static const struct suite *suite_of(uint16_t id)
{
	return suite_by_id(id);
}

void house_make(struct house *h, int who)
{
	static const uint16_t suites[] = {
		SUITE_X448_AES256GCM_SHA512_ED448,
		SUITE_X25519_AES128GCM_SHA256_ED25519
	};
	struct account_keys *keys = &h->keys[who];

	MUST(account_keys_make(rng_system(), keys));
	for (size_t i = 0; i < 2; i++) {
		struct sec private_key = { .n = 0 };
		struct buf public_key = BUF_INIT;

		MUST(sign_generate(suite_of(suites[i]), rng_system(),
				   &private_key, &public_key));
		MUST(account_keys_add(keys, suite_of(suites[i]),
				      sec_span(&private_key),
				      buf_span(&public_key)));
		sec_clear(&private_key);
		buf_clear(&public_key);
	}
}

void house_make_recovery(struct house *h, int which)
{
	MUST(account_pair_make(rng_system(), &h->recovery[which]));
}

void house_init_empty(struct house *h)
{
	memset(h, 0, sizeof(*h));
	MUST(rng_fill(rng_system(), h->salt, sizeof(h->salt)));
	MUST(
	    account_name_hash(SPAN_ARRAY(h->salt), SPAN_LIT("alice"), h->name));
	MUST(account_log_new(&h->log));
}

void house_init(struct house *h, bool recovery)
{
	struct buf link = BUF_INIT;

	house_init_empty(h);
	house_make(h, 0);
	if (recovery)
		house_make_recovery(h, 0);
	MUST(account_sign_begin(SPAN_ARRAY(h->name), &h->keys[0],
				recovery ? &h->recovery[0] : NULL, &link));
	house_take(h, buf_span(&link));
	h->number[0] = 1;
	buf_clear(&link);
}

struct house *house_new_empty(void)
{
	struct house *h = malloc(sizeof(*h));

	assert_non_null(h);
	house_init_empty(h);
	return h;
}

struct house *house_new(bool recovery)
{
	struct house *h = malloc(sizeof(*h));

	assert_non_null(h);
	house_init(h, recovery);
	return h;
}

void house_delete(struct house *h)
{
	house_free(h);
	free(h);
}

void house_free(struct house *h)
{
	house_end_branch(h);
	for (size_t i = 0; i < HOUSE_DEVICES; i++)
		account_keys_clear(&h->keys[i]);
	for (size_t i = 0; i < HOUSE_RECOVERIES; i++)
		account_pair_clear(&h->recovery[i]);
	account_pair_clear(&h->pair);
}

struct house house_branch(const struct house *h)
{
	struct house branch = *h;

	MUST(account_log_copy(h->log, &branch.log));
	branch.links = BUF_INIT;
	buf_put(&branch.links, buf_span(&h->links));
	return branch;
}

void house_end_branch(struct house *h)
{
	account_log_free(h->log);
	buf_clear(&h->links);
}

struct account_signer house_signer(const struct house *h, int by)
{
	if (by >= HOUSE_RECOVERY)
		return (struct account_signer){
			ACCOUNT_RECOVERY_SIGNER,
			sec_span(&h->recovery[by - HOUSE_RECOVERY].private_key)
		};
	return (struct account_signer){
		h->number[by], sec_span(&h->keys[by].link.private_key)
	};
}

static void take(struct house *h, struct buf *link)
{
	house_take(h, buf_span(link));
	buf_clear(link);
}

void house_take(struct house *h, struct span link)
{
	struct check_verdict verdict = account_log_add(h->log, link);

	if (verdict.wrong != NULL)
		fail_msg("refused: %s", verdict.wrong);
	assert_false(verdict.denied || verdict.local);
	buf_put_vec(&h->links, link);
	MUST(buf_end(&h->links));
}

void house_refuse(struct house *h, struct span link, const char *wrong)
{
	struct account_place before = house_place(h), after;
	size_t standing = account_log_standing(h->log);
	struct check_verdict verdict = account_log_add(h->log, link);

	if (verdict.wrong == NULL)
		fail_msg("taken, and not: %s", wrong);
	if (wrong != NULL)
		assert_string_equal(verdict.wrong, wrong);
	assert_false(verdict.local);
	after = house_place(h);
	assert_memory_equal(&before, &after, sizeof(after));
	assert_int_equal(account_log_standing(h->log), standing);
}

void house_put_add(const struct house *h, int by, int who, struct buf *link)
{
	struct account_signer signer = house_signer(h, by);
	struct buf entry = BUF_INIT;

	MUST(account_sign_device(account_log_fingerprint(h->log), &h->keys[who],
				 &entry));
	MUST(account_sign_add(h->log, &signer, buf_span(&entry), SPAN_EMPTY,
			      link));
	buf_clear(&entry);
}

void house_add(struct house *h, int by, int who)
{
	struct buf link = BUF_INIT;

	if (h->keys[who].count == 0)
		house_make(h, who);
	house_put_add(h, by, who, &link);
	take(h, &link);
	h->number[who] = house_place(h).number;
}

void house_remove(struct house *h, int by, int who)
{
	struct account_signer signer = house_signer(h, by);
	struct buf link = BUF_INIT;

	MUST(account_sign_remove(h->log, &signer, &h->number[who], 1,
				 SPAN_EMPTY, &link));
	take(h, &link);
}

void house_remove_two(struct house *h, int by, int one, int two)
{
	struct account_signer signer = house_signer(h, by);
	const uint64_t devices[] = { h->number[one], h->number[two] };
	struct buf link = BUF_INIT;

	MUST(account_sign_remove(h->log, &signer, devices, 2, SPAN_EMPTY,
				 &link));
	take(h, &link);
}

void house_keys(struct house *h, int by)
{
	struct account_signer signer = house_signer(h, by);
	struct buf link = BUF_INIT;

	account_pair_clear(&h->pair);
	h->pair.suite = suite_of(SUITE_P256_AES128GCM_SHA256_P256);
	MUST(sign_generate(h->pair.suite, rng_system(), &h->pair.private_key,
			   &h->pair.public_key));
	MUST(
	    account_sign_keys(h->log, &signer, &h->pair, 1, SPAN_EMPTY, &link));
	take(h, &link);
}

void house_recover(struct house *h, int by, int which)
{
	struct account_signer signer = house_signer(h, by);
	struct buf link = BUF_INIT;

	if (h->recovery[which].suite == NULL)
		house_make_recovery(h, which);
	MUST(account_sign_recover(h->log, &signer, &h->recovery[which],
				  SPAN_EMPTY, &link));
	take(h, &link);
}

void house_close(struct house *h, int by)
{
	struct account_signer signer = house_signer(h, by);
	struct buf link = BUF_INIT;

	MUST(account_sign_close(h->log, &signer, SPAN_EMPTY, &link));
	take(h, &link);
}

void house_withdraw(struct house *h, int by, struct span hash)
{
	struct account_signer signer = house_signer(h, by);
	struct buf link = BUF_INIT;

	MUST(account_sign_keys(h->log, &signer, NULL, 0, hash, &link));
	take(h, &link);
}

struct span house_link(const struct house *h, uint64_t number)
{
	struct rd r = rd_init(buf_span(&h->links));
	struct span link = SPAN_EMPTY;

	for (uint64_t i = 0; i < number; i++)
		link = rd_vec(&r);
	assert_true(rd_ok(&r));
	return link;
}

void house_hash(const struct house *h, uint64_t number,
		uint8_t hash[ACCOUNT_HASH])
{
	MUST(account_link_hash(house_link(h, number), hash));
}

void house_sign(const struct house *h, int by, const struct account_link *link,
		struct buf *out)
{
	struct account_signer signer = house_signer(h, by);
	struct account_link again = *link;
	struct buf tbs = BUF_INIT, signature = BUF_INIT;
	struct sign_key *key;

	account_link_put_tbs(&tbs, link);
	MUST(buf_end(&tbs));
	MUST(sign_private_parse(h->keys[0].link.suite, signer.private_key,
				&key));
	MUST(label_sign(key, ACCOUNT_LINK_LABEL, buf_span(&tbs), &signature));
	again.signature = buf_span(&signature);
	account_link_put(out, &again);
	MUST(buf_end(out));
	sign_key_free(key);
	buf_clear(&tbs);
	buf_clear(&signature);
}

struct account_place house_place(const struct house *h)
{
	struct account_place place;

	account_log_place(h->log, &place);
	return place;
}

struct account_link house_decode(const struct house *h, uint64_t number)
{
	struct account_link link;

	MUST(account_link_decode(house_link(h, number), &link));
	return link;
}

struct account_link house_next(const struct house *h, int by, uint8_t kind,
			       struct account_place *place)
{
	account_log_place(h->log, place);
	return (struct account_link){ .number = place->number + 1,
				      .before = SPAN_ARRAY(place->hash),
				      .kind = kind,
				      .signer = house_signer(h, by).device };
}

void house_refuse_signed(struct house *h, int by,
			 const struct account_link *link, const char *wrong)
{
	struct buf out = BUF_INIT;

	house_sign(h, by, link, &out);
	house_refuse(h, buf_span(&out), wrong);
	buf_clear(&out);
}
