/*
 * vectors DIR PROGRAMS: runs every file in DIR that has the MLS working group's
 * format through the unit test that knows it (in PROGRAMS), and prints a line
 * for each file and suite:
 *
 *   treekem.json 0x0003: 11 passed, 0 failed, 0 skipped
 *   treekem.json: 77 cases: 77 passed, 0 failed, 0 skipped
 *
 * A file is known by its name, or by the members of its first case. How many
 * cases it has is counted here, and what the unit test says must add up to it.
 * The program fails on any failure, on a case that is in no line or in two, on a
 * file that nobody knows or that does not parse, and on an empty DIR.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* Of a file, or of all. */
struct sums {
	size_t cases, passed, failed, skipped;
};

/* Whatever is wrong with a file counts as one failure. */
static void complain(struct sums *sums, const char *file, const char *why)
{
	printf("%s: %s\n", file, why);
	sums->failed++;
}

/* ---- running one ---- */

static void path_in(const char *folder, const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%.3000s/%s", folder, name);
}

static void link_of(const char *folder, const struct kind *kind,
		    char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%.3000s/mls/%s.json", folder,
		       kind->name);
}

/* A folder as the unit tests want it: DIR/mls/KIND.json. */
static int make_folder(const char *file, const struct kind *kind,
		       char folder[PATH_MAX])
{
	char path[PATH_MAX];

	(void)snprintf(folder, PATH_MAX, "/tmp/hermetic-vectors-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	path_in(folder, "mls", path);
	if (mkdir(path, 0700) != 0)
		return -1;
	link_of(folder, kind, path);
	return symlink(file, path);
}

static void remove_folder(const char *folder, const struct kind *kind)
{
	char path[PATH_MAX];

	path_in(folder, "report", path);
	(void)unlink(path);
	path_in(folder, "output", path);
	(void)unlink(path);
	link_of(folder, kind, path);
	(void)unlink(path);
	path_in(folder, "mls", path);
	(void)rmdir(path);
	(void)rmdir(folder);
}

/* The number before each of these words. */
static int read_line(const char *line, struct sums *sums)
{
	const char *colon = strrchr(line, ':');
	size_t n[3];

	if (colon == NULL ||
	    sscanf(colon, ": %zu passed, %zu failed, %zu skipped", &n[0], &n[1],
		   &n[2]) != 3)
		return 0;
	sums->passed += n[0];
	sums->failed += n[1];
	sums->skipped += n[2];
	return 1;
}

/* The report's lines under the file's own name, and their sums. */
static void copy_report(const char *folder, const char *file,
			const struct kind *kind, struct sums *sums)
{
	char path[PATH_MAX], start[64], line[4096];
	FILE *report;
	size_t n;

	path_in(folder, "report", path);
	report = fopen(path, "r");
	if (report == NULL)
		return;
	n = (size_t)snprintf(start, sizeof(start), "mls/%s.json", kind->name);
	while (fgets(line, sizeof(line), report) != NULL)
		if (strncmp(line, start, n) == 0 && read_line(line, sums))
			printf("%s%s", file, line + n);
	(void)fclose(report);
}

/* What the program printed says which check of a case failed. */
static void show_output(const char *folder)
{
	char path[PATH_MAX], line[4096];
	FILE *output;

	path_in(folder, "output", path);
	output = fopen(path, "r");
	while (output != NULL && fgets(line, sizeof(line), output) != NULL)
		if (strncmp(line, "No test vectors in ", 19) != 0)
			(void)fputs(line, stderr);
	if (output != NULL)
		(void)fclose(output);
}

/* In the child: its output goes to a file of the folder. */
static void become(const char *program, const char *folder)
{
	char report[PATH_MAX], output[PATH_MAX];
	int fd;

	path_in(folder, "report", report);
	path_in(folder, "output", output);
	(void)setenv("HERMETIC_VECTORS", folder, 1);
	(void)setenv("HERMETIC_VECTORS_REPORT", report, 1);
	fd = open(output, O_WRONLY | O_CREAT, 0600);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
		(void)execl(program, program, (char *)NULL);
	}
	_exit(127);
}

/* Whether the program ended well. */
static int run_program(const char *programs, const char *folder,
		       const struct kind *kind)
{
	char program[PATH_MAX];
	int status = 1;
	pid_t child;

	path_in(programs, kind->program, program);
	(void)fflush(stdout);
	child = fork();
	if (child == 0)
		become(program, folder);
	if (child > 0)
		(void)waitpid(child, &status, 0);
	if (status != 0)
		show_output(folder);
	return status == 0;
}

static void print_sums(const char *what, const struct sums *sums)
{
	printf("%s: %zu cases: %zu passed, %zu failed, %zu skipped\n", what,
	       sums->cases, sums->passed, sums->failed, sums->skipped);
}

/* What is in no line failed: the program ended before it came to it. */
static void settle(const char *file, int ended_well, struct sums *sums)
{
	size_t said = sums->passed + sums->failed + sums->skipped;

	if (said < sums->cases) {
		printf("%s: %zu cases are in no line\n", file,
		       sums->cases - said);
		sums->failed += sums->cases - said;
	} else if (said > sums->cases) {
		complain(sums, file, "more cases are said than there are");
	} else if (!ended_well && sums->failed == 0) {
		complain(sums, file, "the test failed after its last case");
	}
	if (sums->cases == 0)
		complain(sums, file, "has no cases");
	print_sums(file, sums);
}

static void check_file(const char *dir, const char *file, const char *programs,
		       struct sums *sums)
{
	char joined[PATH_MAX], path[PATH_MAX], folder[PATH_MAX];
	const struct kind *kind;
	json_error_t error;
	json_t *root;

	path_in(dir, file, joined);
	root = json_load_file(joined, 0, &error);
	if (root == NULL || realpath(joined, path) == NULL) {
		json_decref(root);
		complain(sums, file, "cannot be read as JSON");
		return;
	}
	kind = find_kind(file, json_array_get(root, 0));
	sums->cases = json_array_size(root);
	json_decref(root);
	if (kind == NULL) {
		complain(sums, file, "is no file of a known format");
		return;
	}
	if (make_folder(path, kind, folder) != 0) {
		complain(sums, file, strerror(errno));
		return;
	}
	{
		int ended_well = run_program(programs, folder, kind);

		copy_report(folder, file, kind, sums);
		settle(file, ended_well, sums);
	}
	remove_folder(folder, kind);
}

/* ---- the folder ---- */

static int is_json(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
	struct sums all = { 0 };
	struct dirent **files;
	int count;

	if (argc != 3) {
		(void)fputs("usage: vectors DIR PROGRAMS\n", stderr);
		return 2;
	}
	count = scandir(argv[1], &files, is_json, alphasort);
	if (count < 0) {
		complain(&all, argv[1], strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		struct sums sums = { 0 };

		check_file(argv[1], files[i]->d_name, argv[2], &sums);
		all.cases += sums.cases;
		all.passed += sums.passed;
		all.failed += sums.failed;
		all.skipped += sums.skipped;
		free(files[i]);
	}
	free(files);
	if (count == 0)
		complain(&all, argv[1], "holds no test vectors");
	print_sums("all", &all);
	return all.failed > 0;
}
