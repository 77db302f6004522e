/* ML-KEM-768 by itself. Public vectors are read where they are: in the folder `ml-kem` of
 * the test vectors, the files of NIST's ACVP (internalProjection.json of keyGen and of
 * encapDecap) and of Wycheproof (mlkem_768_*.json), under any name that ends in .json.
 * Where OpenSSL has no ML-KEM, keys of others are checked and all else is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ml_kem.h"
#include "tests/testlib/vectors.h"

/* ---- a hundred cases by one hash ---- */

enum {
	CASES = 100,
	DRAWN = ML_KEM_SEED + ML_KEM_COINS + ML_KEM_CIPHERTEXT /* a case */
};

/* For each case a seed, coins and a ciphertext of nobody are drawn from SHAKE-128 of
 * nothing, in the way of CCTV's accumulated vectors; what is made of them goes into
 * another SHAKE-128. Other implementations of the final FIPS 203 publish this value of a
 * hundred cases (Go's crypto/mlkem, TestAccumulated). */
#define ACCUMULATED                                                            \
	"1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415"

static void absorb(EVP_MD_CTX *all, struct span bytes)
{
	assert_int_equal(EVP_DigestUpdate(all, bytes.p, bytes.n), 1);
}

static void accumulate(EVP_MD_CTX *all, const uint8_t *drawn)
{
	struct span seed = span_of(drawn, ML_KEM_SEED);
	struct span coins = span_of(drawn + ML_KEM_SEED, ML_KEM_COINS);
	struct span nobodys =
	    span_of(drawn + ML_KEM_SEED + ML_KEM_COINS, ML_KEM_CIPHERTEXT);
	struct buf public_key = BUF_INIT, ciphertext = BUF_INIT;
	struct sec secret, opened;

	assert_int_equal(ml_kem_derive_public(seed, &public_key), ERR_OK);
	assert_int_equal(ml_kem_check_public(buf_span(&public_key)), ERR_OK);
	assert_int_equal(ml_kem_encapsulate(buf_span(&public_key), coins,
					    &secret, &ciphertext),
			 ERR_OK);
	assert_int_equal(
	    ml_kem_decapsulate(buf_span(&ciphertext), seed, &opened), ERR_OK);
	assert_true(sec_equal(sec_span(&secret), sec_span(&opened)));
	assert_int_equal(ml_kem_decapsulate(nobodys, seed, &opened), ERR_OK);
	absorb(all, buf_span(&public_key));
	absorb(all, buf_span(&ciphertext));
	absorb(all, sec_span(&secret));
	absorb(all, sec_span(&opened));
	buf_clear(&public_key);
	buf_clear(&ciphertext);
}

static void test_accumulated(void **state)
{
	EVP_MD_CTX *draw = EVP_MD_CTX_new(), *all = EVP_MD_CTX_new();
	uint8_t *drawn = malloc((size_t)CASES * DRAWN);
	uint8_t hash[32];
	(void)state;

	assert_non_null(drawn);
	assert_int_equal(EVP_DigestInit_ex(draw, EVP_shake128(), NULL), 1);
	assert_int_equal(EVP_DigestFinalXOF(draw, drawn, (size_t)CASES * DRAWN),
			 1);
	assert_int_equal(EVP_DigestInit_ex(all, EVP_shake128(), NULL), 1);
	for (size_t i = 0; ml_kem_there() && i < CASES; i++)
		accumulate(all, drawn + i * DRAWN);
	assert_int_equal(EVP_DigestFinalXOF(all, hash, sizeof(hash)), 1);
	EVP_MD_CTX_free(draw);
	EVP_MD_CTX_free(all);
	free(drawn);
	if (!ml_kem_there())
		skip();
	assert_true(
	    span_equal(SPAN_ARRAY(hash), vectors_text_bytes(ACCUMULATED)));
	vectors_forget();
}

/* ---- public files ---- */

struct tally {
	size_t passed, failed, skipped;
};

/* A member that ACVP and Wycheproof spell in two ways. */
static struct span either(const json_t *item, const char *key, const char * or)
{
	struct span bytes = vectors_bytes(item, key);

	return bytes.n > 0 ? bytes : vectors_bytes(item, or);
}

/* ACVP has its halves. */
static struct span seed_of(const json_t *item)
{
	const char *d = json_string_value(json_object_get(item, "d"));
	const char *z = json_string_value(json_object_get(item, "z"));
	char both[4 * ML_KEM_SEED];

	if (d == NULL || z == NULL)
		return vectors_bytes(item, "seed");
	snprintf(both, sizeof(both), "%s%s", d, z);
	return vectors_text_bytes(both);
}

static bool invalid(const json_t *item)
{
	const char *result = json_string_value(json_object_get(item, "result"));

	return result != NULL && strcmp(result, "invalid") == 0;
}

static bool key_made(const json_t *item)
{
	struct buf made = BUF_INIT;
	bool right = ml_kem_derive_public(seed_of(item), &made) == ERR_OK &&
		     span_equal(buf_span(&made), vectors_bytes(item, "ek"));

	buf_clear(&made);
	return right;
}

static bool encapsulated(const json_t *item)
{
	struct buf made = BUF_INIT;
	struct sec secret;
	enum err e =
	    ml_kem_encapsulate(vectors_bytes(item, "ek"),
			       vectors_bytes(item, "m"), &secret, &made);
	bool right =
	    invalid(item)
		? e == ERR_PEER_INVALID && made.n == 0
		: e == ERR_OK &&
		      span_equal(buf_span(&made), vectors_bytes(item, "c")) &&
		      span_equal(sec_span(&secret), either(item, "k", "K"));

	buf_clear(&made);
	return right;
}

static bool decapsulated(const json_t *item)
{
	struct sec secret;
	enum err e = ml_kem_decapsulate(vectors_bytes(item, "c"), seed_of(item),
					&secret);

	return invalid(item)
		   ? e == ERR_PEER_INVALID
		   : e == ERR_OK &&
			 span_equal(sec_span(&secret), either(item, "k", "K"));
}

static bool key_checked(const json_t *item)
{
	bool good = json_is_true(json_object_get(item, "testPassed"));

	return ml_kem_check_public(vectors_bytes(item, "ek")) ==
	       (good ? ERR_OK : ERR_PEER_INVALID);
}

/* What a case is about is said by the members that it has. Keys in another form than
 * the seed are none that we take. */
static void run_case(const json_t *item, bool of_keys, struct tally *tally)
{
	bool has_seed = json_object_get(item, "seed") != NULL ||
			json_object_get(item, "d") != NULL;
	bool (*check)(const json_t *) = NULL;

	if (of_keys)
		check = key_checked;
	else if (ml_kem_there() && json_object_get(item, "m") != NULL)
		check = encapsulated;
	else if (ml_kem_there() && has_seed)
		check = json_object_get(item, "c") != NULL ? decapsulated
							   : key_made;
	if (check == NULL)
		tally->skipped++;
	else if (check(item))
		tally->passed++;
	else
		tally->failed++;
	vectors_forget();
}

static void run_group(const json_t *group, struct tally *tally)
{
	const char *set =
	    json_string_value(json_object_get(group, "parameterSet"));
	const char *function =
	    json_string_value(json_object_get(group, "function"));
	const json_t *tests = json_object_get(group, "tests");

	for (size_t i = 0; i < json_array_size(tests); i++)
		if (set == NULL || strcmp(set, "ML-KEM-768") != 0)
			tally->skipped++;
		else
			run_case(
			    json_array_get(tests, i),
			    function != NULL &&
				strcmp(function, "encapsulationKeyCheck") == 0,
			    tally);
}

static void run_file(const char *name, struct tally *sum)
{
	struct tally tally = { 0 };
	char path[512];
	json_t *root;
	json_t *groups;

	snprintf(path, sizeof(path), "ml-kem/%s", name);
	root = vectors_load(path);
	assert_non_null(root);
	groups = json_object_get(root, "testGroups");
	for (size_t i = 0; i < json_array_size(groups); i++)
		run_group(json_array_get(groups, i), &tally);
	printf("%s: %zu passed, %zu failed, %zu skipped\n", path, tally.passed,
	       tally.failed, tally.skipped);
	sum->passed += tally.passed;
	sum->failed += tally.failed;
	sum->skipped += tally.skipped;
	json_decref(root);
}

static void test_public_files(void **state)
{
	struct tally sum = { 0 };
	const struct dirent *entry;
	char path[512];
	DIR *folder;
	(void)state;

	snprintf(path, sizeof(path), "%s/ml-kem", vectors_folder());
	folder = opendir(path);
	if (folder == NULL) {
		printf("No test vectors of ML-KEM in %s.\n", path);
		skip();
	}
	while ((entry = readdir(folder)) != NULL) {
		const char *end = strrchr(entry->d_name, '.');

		if (end != NULL && strcmp(end, ".json") == 0)
			run_file(entry->d_name, &sum);
	}
	(void)closedir(folder);
	assert_int_equal(sum.failed, 0);
	assert_int_not_equal(sum.passed, 0);
}

/* ---- what is none ---- */

static void test_lengths(void **state)
{
	uint8_t bytes[ML_KEM_PUBLIC + 1] = { 0 };
	struct buf made = BUF_INIT;
	struct sec secret;
	(void)state;

	assert_int_equal(ml_kem_check_public(span_of(bytes, ML_KEM_PUBLIC)),
			 ERR_OK);
	for (int by = -1; by <= 1; by += 2) {
		size_t off = (size_t)by; /* one less, one more */

		assert_int_equal(
		    ml_kem_check_public(span_of(bytes, ML_KEM_PUBLIC + off)),
		    ERR_PEER_INVALID);
		assert_int_equal(ml_kem_derive_public(
				     span_of(bytes, ML_KEM_SEED + off), &made),
				 ERR_PEER_INVALID);
		assert_int_equal(
		    ml_kem_encapsulate(span_of(bytes, ML_KEM_PUBLIC + off),
				       span_of(bytes, ML_KEM_COINS), &secret,
				       &made),
		    ERR_PEER_INVALID);
		assert_int_equal(
		    ml_kem_encapsulate(span_of(bytes, ML_KEM_PUBLIC),
				       span_of(bytes, ML_KEM_COINS + off),
				       &secret, &made),
		    ERR_PEER_INVALID);
		assert_int_equal(
		    ml_kem_decapsulate(span_of(bytes, ML_KEM_CIPHERTEXT + off),
				       span_of(bytes, ML_KEM_SEED), &secret),
		    ERR_PEER_INVALID);
		assert_int_equal(
		    ml_kem_decapsulate(span_of(bytes, ML_KEM_CIPHERTEXT),
				       span_of(bytes, ML_KEM_SEED + off),
				       &secret),
		    ERR_PEER_INVALID);
		assert_int_equal(secret.n, 0);
	}
	assert_int_equal(made.n, 0);
	buf_clear(&made);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accumulated),
		cmocka_unit_test(test_public_files),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
