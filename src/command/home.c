#include "command/home.h"

#include "reach/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err base_folder(struct reason *why, struct buf *path)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data != NULL && data[0] == '/')
		buf_putf(path, "%s/hermetic", data);
	else if (home != NULL && home[0] == '/')
		buf_putf(path, "%s/.local/share/hermetic", home);
	else
		return reason_set(why, HERMETIC_USAGE, "home",
				  "Where is the state? Give --home DIR.");
	return ERR_OK;
}

/* How many folders below `base` hold a state; the last one's name. */
static unsigned count_states(const char *base, char name[256])
{
	DIR *folder = opendir(base);
	const struct dirent *entry;
	unsigned count = 0;
	char path[4096];

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		int n =
		    snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);

		if (entry->d_name[0] == '.' || n < 0 ||
		    (size_t)n >= sizeof(path) || !state_exists(path))
			continue;
		(void)snprintf(name, 256, "%s", entry->d_name);
		count++;
	}
	if (folder != NULL)
		(void)closedir(folder);
	return count;
}

static enum err the_only_one(struct reason *why, struct buf *path)
{
	char base[4096], name[256] = "";
	unsigned count;

	(void)snprintf(base, sizeof(base), "%.*s", (int)path->n,
		       (const char *)path->p);
	count = count_states(base, name);
	if (count == 0)
		return reason_set(
		    why, HERMETIC_NO_ACCOUNT, "no-state",
		    "Nobody is logged in here. Start with: hermetic "
		    "--username NAME --server HOST:PORT");
	if (count > 1)
		return reason_set(why, HERMETIC_CONFLICT, "which-account",
				  "There are several accounts here: say which "
				  "with --username NAME.");
	buf_putf(path, "/%s", name);
	return ERR_OK;
}

enum err home_find(const char *home, const char *username, struct reason *why,
		   struct buf *path)
{
	enum err e = ERR_OK;

	if (home != NULL) {
		buf_put_str(path, home);
	} else {
		TRY(base_folder(why, path));
		if (username == NULL)
			TRY(the_only_one(why, path));
		else /* no name begins with @, and none is "." or ".." so */
			buf_putf(path, "/%s%s", username[0] == '.' ? "@" : "",
				 username);
	}
	buf_put_u8(path, 0);
	TRY(buf_end(path));
out:
	return e;
}
