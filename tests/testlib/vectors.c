#include "tests/testlib/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct buf *kept;
static size_t kept_count;

const char *vectors_folder(void)
{
	const char *folder = getenv("HERMETIC_VECTORS");

	return folder != NULL && folder[0] != '\0' ? folder
						   : "../shared/vectors";
}

json_t *vectors_load(const char *name)
{
	char path[1024];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof(path), "%s/%s", vectors_folder(), name);
	root = json_load_file(path, 0, &error);
	if (root == NULL)
		printf("No test vectors in %s (%s): set HERMETIC_VECTORS to "
		       "the folder that holds them.\n",
		       path, error.text);
	return root;
}

bool vectors_hex(const json_t *object, const char *key, struct buf *out)
{
	const char *hex = json_string_value(json_object_get(object, key));

	return hex != NULL && text_hex(out, span_str(hex)) == ERR_OK;
}

struct span vectors_text_bytes(const char *hex)
{
	struct buf *grown = realloc(kept, (kept_count + 1) * sizeof(*kept));
	struct buf *b;

	if (grown == NULL)
		abort();
	kept = grown;
	b = &kept[kept_count++];
	*b = BUF_INIT;
	if (hex == NULL || text_hex(b, span_str(hex)) != ERR_OK)
		return SPAN_EMPTY;
	return buf_span(b);
}

struct span vectors_bytes(const json_t *object, const char *key)
{
	return vectors_text_bytes(
	    json_string_value(json_object_get(object, key)));
}

struct span vectors_signature_key(const struct suite *suite,
				  const json_t *object, const char *key)
{
	struct span bytes = vectors_bytes(object, key);
	bool ecdsa = suite->signature[0] == 'P';
	struct buf padded = BUF_INIT;
	struct span hex;

	if (!ecdsa || bytes.n >= suite->nsk)
		return bytes;
	for (size_t i = bytes.n; i < suite->nsk; i++)
		buf_put_str(&padded, "00");
	text_put_hex(&padded, bytes);
	buf_put_u8(&padded, 0);
	hex = vectors_text_bytes((const char *)padded.p);
	buf_clear(&padded);
	return hex;
}

void vectors_forget(void)
{
	for (size_t i = 0; i < kept_count; i++)
		buf_clear(&kept[i]);
	free(kept);
	kept = NULL;
	kept_count = 0;
}

int vectors_teardown(void **state)
{
	(void)state;
	vectors_forget();
	return 0;
}

struct tally {
	json_int_t id; /* of the suite; -1: the case names none */
	size_t passed, failed, skipped;
};

struct tallies {
	struct tally *list;
	size_t count;
};

static struct tally *tally_of(struct tallies *tallies, json_int_t id)
{
	struct tally *grown;

	for (size_t i = 0; i < tallies->count; i++)
		if (tallies->list[i].id == id)
			return &tallies->list[i];
	grown = realloc(tallies->list, (tallies->count + 1) * sizeof(*grown));
	if (grown == NULL)
		abort();
	tallies->list = grown;
	grown[tallies->count] = (struct tally){ .id = id };
	return &grown[tallies->count++];
}

static void check_case(const json_t *item,
		       bool (*check)(const struct suite *, const json_t *),
		       bool of_suites, struct tallies *tallies)
{
	const json_t *value = json_object_get(item, "cipher_suite");
	json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
	const struct suite *suite =
	    id > 0 && id <= UINT16_MAX ? suite_by_id((uint16_t)id) : NULL;
	struct tally *tally = tally_of(tallies, id);

	if (of_suites && id >= 0 && (suite == NULL || !suite_usable(suite)))
		tally->skipped++;
	else if ((suite != NULL || !of_suites) && check(suite, item))
		tally->passed++;
	else
		tally->failed++;
	vectors_forget();
}

static void report(FILE *to, const char *name, const struct tally *tally)
{
	char suite[32] = "none";

	if (to == NULL)
		return;
	if (tally->id >= 0)
		snprintf(suite, sizeof(suite), "0x%04llx",
			 (unsigned long long)tally->id);
	fprintf(to, "%s %s: %zu passed, %zu failed, %zu skipped%s\n", name,
		suite, tally->passed, tally->failed, tally->skipped,
		tally->skipped > 0 ? " (no such suite here)" : "");
}

/* Where `make vectors` reads it: not on standard output, where it would have to
 * be found among what others print. */
static FILE *open_report(void)
{
	const char *path = getenv("HERMETIC_VECTORS_REPORT");

	return path != NULL ? fopen(path, "a") : NULL;
}

static int run_all(const char *name,
		   bool (*check)(const struct suite *, const json_t *),
		   bool of_suites)
{
	struct tallies tallies = { NULL, 0 };
	size_t failed = 0, checked = 0;
	json_t *root = vectors_load(name);
	FILE *file;

	if (root == NULL)
		return -1;
	for (size_t i = 0; i < json_array_size(root); i++)
		check_case(json_array_get(root, i), check, of_suites, &tallies);
	file = open_report();
	for (size_t i = 0; i < tallies.count; i++) {
		report(stdout, name, &tallies.list[i]);
		report(file, name, &tallies.list[i]);
		failed += tallies.list[i].failed;
		checked += tallies.list[i].passed + tallies.list[i].failed;
	}
	if (file != NULL)
		(void)fclose(file);
	if (checked == 0) {
		printf("%s: no vector of a known suite\n", name);
		failed++;
	}
	free(tallies.list);
	json_decref(root);
	return (int)failed;
}

int vectors_run(const char *name,
		bool (*check)(const struct suite *suite, const json_t *item))
{
	return run_all(name, check, true);
}

int vectors_run_plain(const char *name, bool (*check)(const struct suite *none,
						      const json_t *item))
{
	return run_all(name, check, false);
}
