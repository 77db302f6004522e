#include "server/web_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { FILE_BYTES_MAX = 16 * 1024 * 1024, CHUNK = 65536, PATH_ROOM = 4096 };

static struct web_file *files;
static char *policy;

/* ---- names ---- */

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} TYPES[] = { { ".html", "text/html; charset=utf-8" },
		      { ".js", "text/javascript; charset=utf-8" },
		      { ".css", "text/css; charset=utf-8" },
		      { ".wasm", "application/wasm" },
		      { ".svg", "image/svg+xml" },
		      { ".png", "image/png" },
		      { ".webmanifest", "application/manifest+json" } };
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; i < sizeof(TYPES) / sizeof(*TYPES); i++)
		if (ending != NULL && strcmp(ending, TYPES[i].ending) == 0)
			return TYPES[i].type;
	return NULL;
}

static enum web_coding coding_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	if (ending != NULL && strcmp(ending, ".gz") == 0)
		return WEB_GZIP;
	return ending != NULL && strcmp(ending, ".br") == 0 ? WEB_BROTLI
							    : WEB_PLAIN;
}

static struct web_file *find(struct span name)
{
	struct web_file *f = files;

	while (f != NULL && !span_equal(span_str(f->name), name))
		f = f->next;
	return f;
}

/* NULL: no memory, or nobody knows its media type. */
static struct web_file *find_or_add(struct span name)
{
	struct web_file *f = find(name);

	if (f != NULL)
		return f;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->name = strndup((const char *)name.p, name.n);
	f->type = f->name != NULL ? type_of(f->name) : NULL;
	if (f->type == NULL) {
		free(f->name);
		free(f);
		return NULL;
	}
	f->next = files;
	files = f;
	return f;
}

/* ---- reading ---- */

/* *bytes stays for as long as the process; a NUL stands behind it. */
static bool read_file(const char *path, struct span *bytes)
{
	struct buf read = BUF_INIT;
	FILE *file = fopen(path, "re");
	size_t n = 1;
	bool good;

	while (file != NULL && n > 0 && read.n <= FILE_BYTES_MAX) {
		uint8_t *room = buf_reserve(&read, CHUNK);

		n = room != NULL ? fread(room, 1, CHUNK, file) : 0;
		read.n += n;
	}
	good = file != NULL && ferror(file) == 0 && n == 0 && read.n > 0;
	if (file != NULL)
		(void)fclose(file);
	buf_put_u8(&read, 0);
	if (!good || buf_end(&read) != ERR_OK) {
		buf_clear(&read);
		return false;
	}
	*bytes = span_of(read.p, read.n - 1);
	return true;
}

static bool is_joined(char path[PATH_ROOM], const char *folder,
		      const char *name)
{
	int n = snprintf(path, PATH_ROOM, "%s/%s", folder, name);

	return n > 0 && n < PATH_ROOM;
}

/* `name` as the page names it. */
static bool load(const char *directory, const char *name)
{
	enum web_coding coding = coding_of(name);
	size_t n = strlen(name) - (coding == WEB_PLAIN ? 0 : 3);
	struct web_file *f = find_or_add(span_of(name, n));
	char path[PATH_ROOM];

	return f != NULL && is_joined(path, directory, name) &&
	       read_file(path, &f->codings[coding]);
}

static bool is_hidden(const struct dirent *entry)
{
	return entry->d_name[0] == '.';
}

static bool load_folder(const char *directory, const char *folder)
{
	char path[PATH_ROOM], name[PATH_ROOM];
	const struct dirent *entry;
	bool good = true;
	DIR *list = is_joined(path, directory, folder) ? opendir(path) : NULL;

	if (list == NULL)
		return false;
	while (good && (entry = readdir(list)) != NULL)
		if (!is_hidden(entry))
			good = is_joined(name, folder, entry->d_name) &&
			       load(directory, name);
	(void)closedir(list);
	return good;
}

static bool load_folders(const char *directory)
{
	const struct dirent *entry;
	DIR *list = opendir(directory);
	bool good = list != NULL;

	while (good && (entry = readdir(list)) != NULL)
		if (!is_hidden(entry))
			good = load_folder(directory, entry->d_name);
	if (list != NULL)
		(void)closedir(list);
	return good;
}

/* A header's value: of visible characters and spaces. */
static bool load_policy(const char *directory)
{
	char path[PATH_ROOM];
	struct span bytes;

	if (!is_joined(path, directory, "policy") || !read_file(path, &bytes))
		return false;
	policy = strndup((const char *)bytes.p, bytes.n);
	if (policy == NULL)
		return false;
	policy[strcspn(policy, "\n")] = '\0';
	for (const char *c = policy; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return *policy != '\0';
}

/* Each has to be there as it is: a coding is beside it. */
static bool are_whole(void)
{
	for (const struct web_file *f = files; f != NULL; f = f->next)
		if (f->codings[WEB_PLAIN].n == 0)
			return false;
	return true;
}

const char *web_files_load(const char *directory)
{
	char path[PATH_ROOM];

	if (!load(directory, "index.html"))
		return "must be a directory with an index.html, which "
		       "`make web` makes";
	if (!load_policy(directory))
		return "must have a file `policy`, of one line";
	if (!is_joined(path, directory, "web") || !load_folders(path) ||
	    !are_whole())
		return "has files below web/ that are no files of a page, or "
		       "cannot be read";
	return NULL;
}

const struct web_file *web_files_page(void)
{
	return find(SPAN_LIT("index.html"));
}

const struct web_file *web_files_find(struct span folder, struct span file)
{
	struct buf name = BUF_INIT;
	const struct web_file *found = NULL;

	buf_put(&name, folder);
	buf_put_u8(&name, '/');
	buf_put(&name, file);
	if (name.fail == ERR_OK)
		found = find(buf_span(&name));
	buf_clear(&name);
	return found;
}

const char *web_files_policy(void)
{
	return policy;
}
