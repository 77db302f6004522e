#include "reach/choose.h"

#include "base/text.h"
#include "base/uuid.h"
#include "device/record.h"
#include "reach/fold.h"
#include "signs/file_name.h"

#include <ctype.h>
#include <string.h>

#define CANDIDATES_MAX 4 /* that a reason names */
#define NAME_SHOWN 40	 /* bytes of each one's name */

static bool begins(const char *id, const char *prefix)
{
	for (; *prefix != '\0'; prefix++, id++)
		if (tolower((unsigned char)*prefix) != *id)
			return false;
	return true;
}

static bool is_named(const json_t *row, const char *word)
{
	const char *name = record_string(row, "name");

	return name != NULL && name[0] != '\0' &&
	       fold_equal(span_str(name), span_str(word));
}

/* What people read the word as: a full id (members may call a session like another one's),
 * or nothing at all. */
static enum err read_word(const char *word, bool *full, bool *empty)
{
	struct buf folded = BUF_INIT;
	enum err e;

	fold_put(&folded, span_str(word));
	TRY(buf_end(&folded));
	*full = uuid_is_text(buf_span(&folded));
	*empty = folded.n == 0;
out:
	buf_clear(&folded);
	return e;
}

json_t *choose_match(const json_t *list, const char *id, const char *word,
		     bool names)
{
	json_t *found = json_array();
	const json_t *row;
	bool full, empty;
	size_t i;

	if (read_word(word, &full, &empty) != ERR_OK) {
		json_decref(found);
		return NULL;
	}
	names = names && !full;
	json_array_foreach(empty ? NULL : list, i, row)
	{
		const char *whole_id = record_string(row, id);
		bool begun = whole_id != NULL && begins(whole_id, word);
		bool whole = begun && strlen(word) == strlen(whole_id);

		if (whole)
			(void)json_array_clear(found);
		if (begun || (whole_id != NULL && names && is_named(row, word)))
			(void)json_array_append(found,
						(json_t *)(uintptr_t)row);
		if (whole)
			break;
	}
	return found;
}

/* Others have given it: it stands in quotes, and forges no other candidate. */
static void put_name(struct buf *out, const char *name)
{
	struct span shown = file_name_cut(span_str(name), NAME_SHOWN);

	buf_put_str(out, " (\"");
	text_put_inside(out, shown);
	buf_put_str(out, shown.n < strlen(name) ? "...\")" : "\")");
}

/* "3f2a9c1e ("lunch"), 77aa0b12 ("Lunch")" */
static void put_candidates(struct buf *out, const json_t *found, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(found, i, row)
	{
		const char *name = record_string(row, "name");

		if (i == CANDIDATES_MAX) {
			buf_put_str(out, " and more");
			break;
		}
		buf_putf(out, "%s%.*s", i > 0 ? ", " : "", CHOOSE_SHORT_ID,
			 record_string(row, id));
		if (name != NULL && name[0] != '\0')
			put_name(out, name);
	}
	buf_put_u8(out, 0);
}

enum err choose_one(const json_t *found, const char *id, const char *things,
		    const char *word, struct why *why, const json_t **row)
{
	struct buf candidates = BUF_INIT;
	size_t count = json_array_size(found);
	enum err e = ERR_OK;

	*row = json_array_get(found, 0);
	if (count == 1)
		return ERR_OK;
	if (count == 0)
		return ERR_STATE_GONE;
	put_candidates(&candidates, found, id);
	TRY(buf_end(&candidates));
	e = why_set(why, ERR_STATE_CONFLICT, "ambiguous",
		    "%.40s may be any of %zu %s: write more of the id. "
		    "They are %s.",
		    word, count, things, (const char *)candidates.p);
out:
	buf_clear(&candidates);
	return e;
}
