/* What is kept, read back, and how far the person has read. */
#include "reach/past.h"
#include "hermetic/inside.h"
#include "reach/directory.h"
#include "reach/drive.h"

#include <stdlib.h>
#include <string.h>

static enum err add_event(struct inside_found *found, const char *session,
			  const json_t *entry)
{
	size_t n = found->count + 1;
	struct told_event *made = told_make_entry(session, entry);
	struct told_event **events =
	    realloc(found->events, n * sizeof(*events));
	const struct hermetic_event **pointers;
	enum err e = ERR_OK;

	if (events != NULL)
		found->events = events;
	pointers = realloc(found->pointers, n * sizeof(*pointers));
	if (pointers != NULL)
		found->pointers = pointers;
	ENSURE(made != NULL && events != NULL && pointers != NULL,
	       ERR_LOCAL_MEMORY);
	events[found->count] = made;
	pointers[found->count] = &made->event;
	found->count = n;
	made = NULL;
out:
	told_free_event(made);
	return e;
}

static enum err make_events(const json_t *rows, struct inside_found *found)
{
	const json_t *row, *entry;
	size_t i, j;
	enum err e = ERR_OK;

	json_array_foreach(rows, i, row)
	{
		json_array_foreach(json_object_get(row, "entries"), j, entry)
		    TRY(add_event(found, told_text(row, "session"), entry));
	}
out:
	return e;
}

enum hermetic_result hermetic_search(struct hermetic *h,
				     const struct hermetic_search *given,
				     const struct hermetic_event *const **list,
				     size_t *count)
{
	struct inside_found found = { .count = 0 };
	struct hermetic_search search = { 0 };
	json_t *rows = NULL;
	struct past past;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	if (given != NULL && !inside_take(&search, sizeof(search), given))
		return inside_refuse(h, "usage",
				     "struct hermetic_search wants its size.");
	past = inside_past(&search);
	TRY(past_gather(h->a.device, search.session, &past, &h->a.why, &rows));
	TRY(make_events(rows, &found));
	inside_found_clear(&h->found);
	h->found = found;
	found = (struct inside_found){ .count = 0 };
	*list = (const struct hermetic_event *const *)(void *)h->found.pointers;
	*count = h->found.count;
out:
	inside_found_clear(&found);
	json_decref(rows);
	return inside_result(h, e);
}

static enum err find_at(struct hermetic *h, enum hermetic_where where,
			const char *word, char id[TEXT_UUID_SIZE])
{
	switch (where) {
	case HERMETIC_WHERE_HERE:
		return directory_find(&h->a, word, false, id);
	case HERMETIC_WHERE_INVITED:
		return directory_find_invitation(&h->a, word, id);
	case HERMETIC_WHERE_IDS:
		return directory_find(&h->a, word, true, id);
	case HERMETIC_WHERE_ALL:
		return directory_find_any(&h->a, word, id);
	}
	return why_set(&h->a.why, ERR_PEER_INVALID, "usage",
		       "There is no such place to look for a session.");
}

enum hermetic_result hermetic_find_at(struct hermetic *h,
				      enum hermetic_where where,
				      const char *word,
				      char id[HERMETIC_ID_SIZE])
{
	char found[TEXT_UUID_SIZE];
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_TEXT, word);
	INSIDE_TAKES(h, ARGUMENT_POINTER, id);
	TRY(find_at(h, where, word, found));
	memcpy(id, found, sizeof(found));
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_find(struct hermetic *h, const char *word,
				   char id[HERMETIC_ID_SIZE])
{
	return hermetic_find_at(h, HERMETIC_WHERE_HERE, word, id);
}

enum hermetic_result hermetic_read_to(struct hermetic *h, const char *session,
				      uint64_t number)
{
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	TRY(inside_missing(&h->a.why, h->a.device,
			   device_read_to(h->a.device, session, number),
			   session, "that entry"));
	if (h->live != NULL)
		live_note_read(h->live, session);
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_read_part(struct hermetic *h, const char *session,
					uint64_t from, uint64_t to)
{
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	TRY(inside_missing(&h->a.why, h->a.device,
			   device_read(h->a.device, session, from, to), session,
			   "these entries"));
	if (h->live != NULL)
		live_note_read(h->live, session);
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_unread(struct hermetic *h, const char *session,
				     uint64_t before, uint64_t *read,
				     uint64_t *count)
{
	struct device_unread unread;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, read);
	INSIDE_TAKES(h, ARGUMENT_POINTER, count);
	TRY(inside_missing(&h->a.why, h->a.device,
			   device_unread(h->a.device, session,
					 before != 0 ? before : UINT64_MAX,
					 &unread),
			   session, "what was read"));
	*read = unread.read;
	*count = unread.count;
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_kept(struct hermetic *h, const char *session,
				   uint64_t *first, uint64_t *last)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, first);
	INSIDE_TAKES(h, ARGUMENT_POINTER, last);
	*first = device_first_seq(h->a.device, session);
	*last = device_last_seq(h->a.device, session);
	return HERMETIC_OK;
}

enum hermetic_result hermetic_give_receipt(struct hermetic *h,
					   const char *session)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	drive_receipt(&h->a, session);
	why_clear(&h->a.why);
	return HERMETIC_OK;
}
