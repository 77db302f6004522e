#include "reach/past.h"

#include "device/record.h"
#include "device/texts/entry_kind.h"
#include "reach/fold.h"
#include "reach/look.h"

#include <string.h>

/* ---- words ---- */

static bool contains(struct span text, struct span word)
{
	return word.n == 0 ||
	       (text.n > 0 && memmem(text.p, text.n, word.p, word.n) != NULL);
}

/* Folding has made all spaces of Unicode the one of ASCII, or they stay a part of
 * a word. */
static bool has_words(struct span text, struct span words)
{
	size_t at = 0, n;

	while (at < words.n) {
		for (n = 0; at + n < words.n && words.p[at + n] != ' '; n++)
			;
		if (!contains(text, span_of(words.p + at, n)))
			return false;
		at += n + 1;
	}
	return true;
}

static void put_member(struct buf *out, const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	if (!json_is_string(text))
		return;
	fold_put(out,
		 span_of(json_string_value(text), json_string_length(text)));
	buf_put_u8(out, '\n');
}

/* `folded`: of the words; NULL: none are asked for. */
static bool has_words_of(const json_t *entry, const struct buf *folded)
{
	bool edited = record_number_or_0(entry, "edited") > 0, is;
	struct buf text = BUF_INIT;
	enum entry_kind kind;

	if (!entry_kind_parse(record_string(entry, "kind"), &kind))
		return folded == NULL;
	if (folded == NULL || kind == ENTRY_RECEIPT)
		return folded == NULL && kind != ENTRY_RECEIPT;
	if (kind != ENTRY_TEXT || record_number_or_0(entry, "deleted") > 0)
		return false;
	put_member(&text, entry, edited ? "edited_text" : "text");
	put_member(&text, json_object_get(entry, "file"), "name");
	is = buf_end(&text) == ERR_OK && text.n > 0 &&
	     has_words(buf_span(&text), buf_span(folded));
	buf_clear(&text);
	return is;
}

static bool is_meant(const json_t *entry, const char *topic,
		     const struct buf *folded)
{
	const char *its = record_string(entry, "topic");

	return (topic == NULL || (its != NULL && strcmp(its, topic) == 0)) &&
	       has_words_of(entry, folded);
}

/* ---- entries ---- */

/* The first one that was sent then or later; those of clocks that differ stand where
 * the log has them. */
static enum err find_since(struct device *device, struct why *why,
			   const char *id, uint64_t since_ms, uint64_t *seq,
			   uint64_t last)
{
	json_t *entry = NULL;
	bool found = false;
	enum err e = ERR_OK;

	for (; *seq <= last && !found; *seq += !found) {
		e = look_entry(device, id, *seq, why, &entry);
		found = e == ERR_OK &&
			record_number_or_0(entry, "sent_at") >= since_ms;
		json_decref(entry);
		entry = NULL;
		if (e != ERR_STATE_GONE)
			TRY(e);
	}
	e = ERR_OK;
out:
	return e;
}

/* From the last one backwards, until there are enough. */
static enum err gather(struct device *device, struct why *why, const char *id,
		       uint64_t first, uint64_t last, const struct past *past,
		       const struct buf *folded, json_t *backwards)
{
	json_t *entry = NULL;
	enum err e = ERR_OK;

	for (uint64_t seq = last; seq >= first && seq > 0; seq--) {
		if (past->last > 0 && json_array_size(backwards) >= past->last)
			break;
		e = look_entry(device, id, seq, why, &entry);
		if (e == ERR_STATE_GONE) {
			e = ERR_OK;
			continue; /* before this device joined */
		}
		TRY(e);
		if (is_meant(entry, past->topic, folded))
			ENSURE(json_array_append(backwards, entry) == 0,
			       ERR_LOCAL_MEMORY);
		json_decref(entry);
		entry = NULL;
	}
out:
	json_decref(entry);
	return e;
}

enum err past_read(struct device *device, const char *id,
		   const struct past *past, struct why *why, json_t **entries)
{
	uint64_t last = device_last_seq(device, id);
	uint64_t first = device_first_seq(device, id);
	json_t *backwards = json_array(), *made = json_array();
	struct buf folded = BUF_INIT;
	enum err e;

	ENSURE(backwards != NULL && made != NULL, ERR_LOCAL_MEMORY);
	if (past->words != NULL)
		fold_put(&folded, span_str(past->words));
	TRY(buf_end(&folded));
	if (past->before > 0 && past->before <= last)
		last = past->before - 1;
	if (first <= past->after)
		first = past->after + 1;
	if (past->since_ms > 0)
		TRY(find_since(device, why, id, past->since_ms, &first, last));
	TRY(gather(device, why, id, first, last, past,
		   past->words != NULL ? &folded : NULL, backwards));
	for (size_t i = json_array_size(backwards); i > 0; i--)
		ENSURE(json_array_append(made,
					 json_array_get(backwards, i - 1)) == 0,
		       ERR_LOCAL_MEMORY);
	*entries = json_incref(made);
out:
	json_decref(backwards);
	json_decref(made);
	buf_clear(&folded);
	return e;
}

static enum err add_session(struct device *device, const char *id,
			    const struct past *past, struct why *why,
			    json_t *rows)
{
	json_t *entries = NULL;
	enum err e;

	TRY(past_read(device, id, past, why, &entries));
	ENSURE(json_array_append_new(rows, json_pack("{s:s, s:O}", "session",
						     id, "entries", entries)) ==
		   0,
	       ERR_LOCAL_MEMORY);
out:
	json_decref(entries);
	return e;
}

enum err past_gather(struct device *device, const char *id,
		     const struct past *past, struct why *why, json_t **rows)
{
	json_t *made = json_array(), *ids = NULL;
	const json_t *one;
	size_t i;
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	if (id != NULL)
		TRY(add_session(device, id, past, why, made));
	else
		TRY(look_sessions(device, &ids));
	json_array_foreach(ids, i, one)
	    TRY(add_session(device, json_string_value(one), past, why, made));
	*rows = json_incref(made);
out:
	json_decref(made);
	json_decref(ids);
	return e;
}
