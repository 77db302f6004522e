#include "client/book.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDEX "book"
#define NAME_SIZE 96

static void record_name(char out[NAME_SIZE], const char *kind, const char *id)
{
	(void)snprintf(out, NAME_SIZE, "%s/%s", kind, id);
}

static void message_name(char out[NAME_SIZE], const char *id, uint64_t seq)
{
	(void)snprintf(out, NAME_SIZE, "message/%s/%" PRIu64, id, seq);
}

/* ---- pages ---- */

static enum err set_id(struct page *page, const char *id)
{
	enum err e = text_parse_uuid(page->raw_id, span_str(id));

	if (e == ERR_OK)
		text_uuid(page->id, page->raw_id);
	return e;
}

enum err page_new(struct page *page, const char *id,
		  const struct account_suites *offer)
{
	enum err e;

	memset(page, 0, sizeof(*page));
	TRY(set_id(page, id));
	page->meta = json_pack("{s:o}", "offer", account_suites_to_json(offer));
	ENSURE(page->meta != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

void page_clear(struct page *page)
{
	session_free(page->session);
	json_decref(page->meta);
	memset(page, 0, sizeof(*page));
}

const char *page_name(const struct page *page)
{
	return json_string_value(json_object_get(page->meta, "name"));
}

enum err page_offer(const struct page *page, struct account_suites *offer)
{
	return account_suites_from_json(json_object_get(page->meta, "offer"),
					offer);
}

void page_set_offer(struct page *page, const struct account_suites *offer)
{
	(void)json_object_set_new(page->meta, "offer",
				  account_suites_to_json(offer));
}

json_t *page_todo(const struct page *page)
{
	return json_object_get(page->meta, "todo");
}

void page_set_todo(struct page *page, json_t *todo)
{
	if (todo == NULL)
		(void)json_object_del(page->meta, "todo");
	else
		(void)json_object_set_new(page->meta, "todo", todo);
}

static const char *const BEHIND[] = { "no", "suspect", "broken", "violated" };

enum page_behind page_behind(const struct page *page)
{
	const char *text =
	    json_string_value(json_object_get(page->meta, "behind"));

	for (unsigned i = PAGE_BEHIND_SUSPECT; i <= PAGE_BEHIND_VIOLATED; i++)
		if (text != NULL && strcmp(text, BEHIND[i]) == 0)
			return (enum page_behind)i;
	return PAGE_BEHIND_NO;
}

void page_set_behind(struct page *page, enum page_behind behind)
{
	if (behind > page_behind(page))
		(void)json_object_set_new(page->meta, "behind",
					  json_string(BEHIND[behind]));
}

void page_clear_behind(struct page *page)
{
	(void)json_object_del(page->meta, "behind");
}

bool page_was_known(const struct page *page)
{
	return json_is_true(json_object_get(page->meta, "again"));
}

void page_continue(struct page *page, struct page *old)
{
	const char *name = page_name(old);

	(void)json_object_set_new(page->meta, "again", json_true());
	if (name != NULL)
		(void)json_object_set_new(page->meta, "name",
					  json_string(name));
	session_move_outbox(old->session, page->session);
}

/* ---- the index ---- */

enum err book_list(struct client *c, json_t **ids)
{
	enum err e = record_get(c->state, INDEX, ids);

	if (e != ERR_STATE_GONE)
		return e;
	*ids = json_array();
	return *ids != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static size_t find_id(const json_t *ids, const char *id)
{
	size_t i = 0;

	while (i < json_array_size(ids) &&
	       strcmp(json_string_value(json_array_get(ids, i)), id) != 0)
		i++;
	return i;
}

static enum err enter(struct client *c, const char *id)
{
	json_t *ids = NULL;
	enum err e;

	TRY(book_list(c, &ids));
	if (find_id(ids, id) < json_array_size(ids))
		goto out;
	ENSURE(json_array_append_new(ids, json_string(id)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(record_put(c->state, INDEX, ids));
out:
	json_decref(ids);
	return e;
}

static enum err strike(struct client *c, const char *id)
{
	json_t *ids = NULL;
	enum err e;

	TRY(book_list(c, &ids));
	(void)json_array_remove(ids, find_id(ids, id));
	TRY(record_put(c->state, INDEX, ids));
out:
	json_decref(ids);
	return e;
}

/* ---- sessions ---- */

enum err book_load(struct client *c, const char *id, struct page *page)
{
	struct buf saved = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	memset(page, 0, sizeof(*page));
	TRY(set_id(page, id));
	record_name(name, "session", page->id);
	TRY(state_get(c->state, name, &saved));
	TRY(session_load(buf_span(&saved), &page->session));
	record_name(name, "meta", page->id);
	TRY(record_get(c->state, name, &page->meta));
out:
	buf_clear(&saved);
	return e;
}

enum err book_save(struct client *c, const struct page *page)
{
	struct buf saved = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	TRY(session_save(page->session, &saved));
	TRY(buf_end(&saved));
	record_name(name, "session", page->id);
	TRY(state_put(c->state, name, buf_span(&saved)));
	record_name(name, "meta", page->id);
	TRY(record_put(c->state, name, page->meta));
	TRY(enter(c, page->id));
out:
	buf_clear(&saved);
	return e;
}

enum err book_leave(struct client *c, const char *id)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	session_end(page.session);
	page_set_todo(&page, NULL);
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

enum err book_forget(struct client *c, const struct page *page)
{
	char name[NAME_SIZE];
	enum err e;

	for (uint64_t i = 1; i <= session_seq(page->session); i++) {
		message_name(name, page->id, i);
		TRY(state_delete(c->state, name));
	}
	record_name(name, "session", page->id);
	TRY(state_delete(c->state, name));
	record_name(name, "meta", page->id);
	TRY(state_delete(c->state, name));
	TRY(strike(c, page->id));
out:
	return e;
}

/* ---- messages ---- */

enum err book_put_message(struct client *c, const char *id, uint64_t seq,
			  const json_t *message)
{
	char name[NAME_SIZE];

	message_name(name, id, seq);
	return record_put(c->state, name, message);
}

enum err book_message(struct client *c, const char *id, uint64_t seq,
		      json_t **message)
{
	char name[NAME_SIZE];

	message_name(name, id, seq);
	return record_get(c->state, name, message);
}
