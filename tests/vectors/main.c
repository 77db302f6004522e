/*
 * vectors DIR PROGRAMS: runs every file in DIR that has the MLS working group's
 * format through the unit test that knows it (in PROGRAMS), and prints a line
 * for each file and suite:
 *
 *   treekem.json 0x0003: 11 passed, 0 failed
 *
 * A file is known by its name, or by the members of its first case. It fails on
 * any failure, a file that nobody knows or that does not parse, and an empty
 * DIR.
 */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MAX = 1024 };

static const struct kind {
	const char *name;    /* of the file, without .json */
	const char *member;  /* that only its cases have */
	const char *program; /* the unit test */
} KINDS[] = {
	{ "crypto-basics", "ref_hash", "test_vectors_keys" },
	{ "key-schedule", "initial_init_secret", "test_vectors_keys" },
	{ "psk_secret", "psk_secret", "test_vectors_keys" },
	{ "secret-tree", "sender_data", "test_vectors_keys" },
	{ "transcript-hashes", "interim_transcript_hash_before",
	  "test_vectors_keys" },
	{ "message-protection", "membership_key", "test_vectors_framing" },
	{ "welcome", "signer_pub", "test_vectors_framing" },
	{ "tree-math", "n_leaves", "test_vectors_tree" },
	{ "tree-operations", "tree_before", "test_vectors_tree" },
	{ "tree-validation", "resolutions", "test_vectors_tree" },
	{ "treekem", "leaves_private", "test_vectors_tree" },
	{ "passive-client-welcome", "initial_epoch_authenticator",
	  "test_vectors_passive" },
	{ "passive-client-handling-commit", "initial_epoch_authenticator",
	  "test_vectors_passive" },
	{ "passive-client-random", "initial_epoch_authenticator",
	  "test_vectors_passive" },
	{ "deserialization", "vlbytes_header", "test_wire" },
	{ "messages", "mls_group_info", "test_wire" },
};

enum { KIND_COUNT = sizeof(KINDS) / sizeof(*KINDS) };

/* The first case's members decide; where several kinds have them, the name. */
static const struct kind *find_kind(const char *file, const json_t *first)
{
	const struct kind *found = NULL;

	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (json_object_get(first, KINDS[i].member) == NULL)
			continue;
		if (found == NULL || strstr(file, KINDS[i].name) != NULL)
			found = &KINDS[i];
	}
	return found;
}

static int complain(const char *file, const char *why)
{
	printf("%s: %s\n", file, why);
	return 1;
}

/* ---- running one ---- */

/* A folder as the unit tests want it: DIR/mls/KIND.json. */
static int make_folder(const char *path, const struct kind *kind,
		       char folder[PATH_MAX])
{
	char link[PATH_MAX + 64];

	(void)snprintf(folder, PATH_MAX, "/tmp/hermetic-vectors-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(link, sizeof(link), "%s/mls", folder);
	if (mkdir(link, 0700) != 0)
		return -1;
	(void)snprintf(link, sizeof(link), "%s/mls/%s.json", folder,
		       kind->name);
	return symlink(path, link);
}

static void remove_folder(const char *folder, const struct kind *kind)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/mls/%s.json", folder,
		       kind->name);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/mls", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
}

/* The lines about the file, under its own name. Returns how many there were,
 * and how many cases failed. */
static int copy_lines(FILE *out, const char *file, const struct kind *kind,
		      int *failed)
{
	char start[64], line[4096];
	int lines = 0;
	size_t n;

	(void)snprintf(start, sizeof(start), "mls/%s.json", kind->name);
	n = strlen(start);
	while (fgets(line, sizeof(line), out) != NULL) {
		const char *failures = strstr(line, " passed, ");

		if (strncmp(line, start, n) != 0 ||
		    (line[n] != ' ' && line[n] != ':'))
			continue;
		printf("%s%s", file, line + n);
		lines++;
		if (failures != NULL)
			*failed += (int)strtol(failures + 9, NULL, 10);
	}
	return lines;
}

static int run(const char *programs, const char *folder, const char *file,
	       const struct kind *kind)
{
	char program[PATH_MAX];
	int out[2], status = 1, failed = 0, lines;
	FILE *stream;
	pid_t child;

	(void)snprintf(program, sizeof(program), "%s/%s", programs,
		       kind->program);
	if (pipe(out) != 0)
		return complain(file, strerror(errno));
	child = fork();
	if (child == 0) {
		(void)setenv("HERMETIC_VECTORS", folder, 1);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(out[1], STDERR_FILENO);
		(void)close(out[0]);
		(void)execl(program, program, (char *)NULL);
		_exit(127);
	}
	(void)close(out[1]);
	stream = fdopen(out[0], "r");
	lines = stream != NULL ? copy_lines(stream, file, kind, &failed) : 0;
	if (stream != NULL)
		(void)fclose(stream);
	(void)waitpid(child, &status, 0);
	if (lines == 0)
		return complain(file, "nothing was checked");
	if (status != 0 && failed == 0)
		return complain(file, "1 failed: the test ended early");
	return failed;
}

static int check_file(const char *dir, const char *file, const char *programs)
{
	char joined[PATH_MAX], path[PATH_MAX], folder[PATH_MAX];
	const struct kind *kind;
	json_error_t error;
	json_t *root;
	int failed;

	(void)snprintf(joined, sizeof(joined), "%s/%s", dir, file);
	root = json_load_file(joined, 0, &error);
	if (root == NULL || realpath(joined, path) == NULL) {
		json_decref(root);
		return complain(file, "cannot be read as JSON");
	}
	kind = find_kind(file, json_array_get(root, 0));
	json_decref(root);
	if (kind == NULL)
		return complain(file, "is no file of a known format");
	if (make_folder(path, kind, folder) != 0)
		return complain(file, strerror(errno));
	failed = run(programs, folder, file, kind);
	remove_folder(folder, kind);
	return failed;
}

/* ---- the folder ---- */

static int is_json(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
	struct dirent **files;
	int count, failed = 0;

	if (argc != 3) {
		(void)fputs("usage: vectors DIR PROGRAMS\n", stderr);
		return 2;
	}
	count = scandir(argv[1], &files, is_json, alphasort);
	if (count < 0)
		return complain(argv[1], strerror(errno));
	for (int i = 0; i < count; i++) {
		failed += check_file(argv[1], files[i]->d_name, argv[2]);
		(void)fflush(stdout);
		free(files[i]);
	}
	free(files);
	if (count == 0)
		return complain(argv[1], "holds no test vectors");
	if (failed > 0)
		printf("%d failed\n", failed);
	return failed > 0;
}
