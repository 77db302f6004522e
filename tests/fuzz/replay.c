/*
 * Makes an ordinary test of a fuzz target: gives it every file of a corpus,
 * each also cut short and with bytes changed, the same way in every run, unless the
 * target says that its corpus is whole.
 *
 *   replay_NAME [DIRECTORY]    tests/fuzz/corpus/NAME if left out
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, MUTATIONS = 256 };

static unsigned long runs;

/* xorshift64: reproducible, quality does not matter here. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* An exact-size heap copy, so that a read past the end is caught. */
static void run_exact(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

static void run_mutations(uint8_t *data, size_t size)
{
	uint64_t seed = 0x9e3779b97f4a7c15u ^ size;

	for (size_t cut = 0; cut < size && cut < MUTATIONS; cut++)
		run_exact(data, cut);
	for (int i = 0; i < MUTATIONS && size > 0; i++) {
		size_t at = next_random(&seed) % size;
		uint8_t was = data[at];

		data[at] = (uint8_t)next_random(&seed);
		run_exact(data, size);
		data[at] = was;
	}
}

static int run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	run_exact(data, size);
	if (&fuzz_corpus_is_whole == NULL || !fuzz_corpus_is_whole)
		run_mutations(data, size);
	return 0;
}

static const char *corpus_of(const char *program, char *path, size_t size)
{
	const char *name = strstr(program, "replay_");

	(void)snprintf(path, size, "tests/fuzz/corpus/%s",
		       name != NULL ? name + strlen("replay_") : "");
	return path;
}

int main(int argc, char **argv)
{
	char path[4096], corpus[1024];
	const char *directory =
	    argc > 1 ? argv[1] : corpus_of(argv[0], corpus, sizeof(corpus));
	DIR *files = opendir(directory);
	struct dirent *entry;
	int failed = 0;

	if (files == NULL) {
		perror(directory);
		return 1;
	}
	run_exact((const uint8_t *)"", 0);
	while ((entry = readdir(files)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       entry->d_name);
		failed |= run_file(path);
	}
	(void)closedir(files);
	printf("%lu inputs replayed\n", runs);
	return failed || runs < 2;
}
