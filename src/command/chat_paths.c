/* Which files may stand where a command of the chat wants a path. */
#include "command/chat.h"

#include "base/text.h"
#include "command/typed.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATHS_MAX 200 /* that are offered */

/* The home is written as the shell does it, here and in what is offered. */
void chat_put_path(struct buf *out, const char *path)
{
	const char *home = getenv("HOME");

	if (home != NULL && strncmp(path, "~/", 2) == 0)
		buf_putf(out, "%s/%s", home, path + 2);
	else
		buf_put_str(out, path);
	buf_put_u8(out, 0);
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* `folder` ends with a slash, or is empty, as it was typed. */
static void put_entry(struct buf *words, const char *folder, const char *name)
{
	struct buf typed = BUF_INIT, path = BUF_INIT;

	buf_putf(&typed, "%s%s", folder, name);
	buf_put_u8(&typed, 0);
	if (buf_end(&typed) == ERR_OK)
		chat_put_path(&path, (const char *)typed.p);
	if (typed.n > 0 && buf_end(&path) == ERR_OK) {
		typed_put_word(words, span_of(typed.p, typed.n - 1));
		if (is_folder((const char *)path.p))
			buf_put_u8(words, '/');
		buf_put_u8(words, 0);
	}
	buf_clear(&typed);
	buf_clear(&path);
}

/* Those that show, and that a person can type. */
static bool is_offered(const char *name, const char *begin)
{
	return strncmp(name, begin, strlen(begin)) == 0 &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (name[0] != '.' || begin[0] == '.') &&
	       strpbrk(name, "\n\r") == NULL && text_is_utf8(span_str(name));
}

static void each_entry(struct buf *words, const char *folder, const char *begin)
{
	struct dirent **entries = NULL;
	struct buf path = BUF_INIT;
	int count = -1, put = 0;

	chat_put_path(&path, folder[0] != '\0' ? folder : "./");
	if (buf_end(&path) == ERR_OK)
		count =
		    scandir((const char *)path.p, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (put < PATHS_MAX && is_offered(entries[i]->d_name, begin)) {
			put_entry(words, folder, entries[i]->d_name);
			put++;
		}
		free(entries[i]);
	}
	free(entries);
	buf_clear(&path);
}

void chat_complete_path(struct span typed, struct buf *words)
{
	/* a quote that is open is as good as none */
	size_t quote = typed.n > 0 && (typed.p[0] == '"' || typed.p[0] == '\'');
	struct buf text = BUF_INIT, path = BUF_INIT, folder = BUF_INIT;
	const char *whole, *slash, *begin;

	buf_put(&text, span_of(typed.p + quote, typed.n - quote));
	buf_put_u8(&text, 0);
	if (buf_end(&text) != ERR_OK)
		goto out;
	typed_put_rest(&path, (const char *)text.p);
	buf_put_u8(&path, 0);
	if (buf_end(&path) != ERR_OK)
		goto out;
	whole = (const char *)path.p;
	slash = strrchr(whole, '/');
	begin = slash != NULL ? slash + 1 : whole;
	buf_put(&folder, span_of(whole, (size_t)(begin - whole)));
	buf_put_u8(&folder, 0);
	if (buf_end(&folder) == ERR_OK)
		each_entry(words, (const char *)folder.p, begin);
out:
	buf_clear(&text);
	buf_clear(&path);
	buf_clear(&folder);
}
