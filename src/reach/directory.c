#include "reach/directory.h"

#include "device/accounts/blocks.h"
#include "device/page.h"
#include "reach/choose.h"
#include "reach/drive.h"
#include "reach/look.h"
#include "reach/notice.h"
#include "reach/tokens.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Pages of the server's list that are read at most, and the rows of one. */
#define PAGES_MAX 100
#define PAGE_MAX 100

/* ---- the server's list ---- */

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

/* A cursor is the server's; it goes back as it came, but only what may stand
 * in a query. */
static bool take_cursor(const json_t *answer, char out[128])
{
	const json_t *next = json_object_get(answer, "next");
	const char *text = json_string_value(next);

	if (json_is_integer(next))
		(void)snprintf(out, 128, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(next));
	else if (text != NULL && strlen(text) < 128 &&
		 strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
			      "TUVWXYZ0123456789-_.") == strlen(text))
		(void)snprintf(out, 128, "%s", text);
	else
		return false;
	return out[0] != '\0';
}

static bool is_listed(const json_t *list, const char *id);

/* Appends the rows that are new. */
static bool take_rows(const json_t *page, json_t *rows)
{
	const json_t *row;
	bool news = false;
	size_t i;

	json_array_foreach(page, i, row)
	{
		const char *id = text_of(row, "session_id");

		if (i == PAGE_MAX)
			break;
		if (id == NULL || is_listed(rows, id))
			continue;
		(void)json_array_append(rows, (json_t *)(uintptr_t)row);
		news = true;
	}
	return news;
}

/* Appends every session that the server tells of. */
static enum err fetch(struct account *a, json_t *rows)
{
	char cursor[128] = "", path[192];
	bool more = true;
	enum err e = ERR_OK;

	for (unsigned i = 0; more && i < PAGES_MAX; i++) {
		struct api_answer answer = { 0 };
		bool news;

		(void)snprintf(path, sizeof(path), "/sessions?limit=100%s%s",
			       cursor[0] != '\0' ? "&after=" : "", cursor);
		e = tokens_call(a, "GET", path, NULL, &answer);
		news =
		    e == ERR_OK &&
		    take_rows(json_object_get(answer.body, "sessions"), rows);
		if (e == ERR_OK)
			e = page_taken(&a->why, "the list of sessions", news,
				       take_cursor(answer.body, cursor), &more);
		api_answer_clear(&answer);
		TRY(e);
	}
out:
	return e;
}

/* ---- ours ---- */

static void carry(const json_t *from, json_t *to, const char *name)
{
	json_t *value = json_object_get(from, name);

	if (value != NULL)
		(void)json_object_set(to, name, value);
}

static enum err describe(struct account *a, const char *id, json_t *list)
{
	static const char *const carried[] = {
		"session_id", "algorithm", "epoch",  "last_seq", "state",
		"name",	      "due",	   "stop",   "banned",	 "invited",
		"rules",      "subject",   "picture"
	};
	json_t *session = NULL, *row = json_object();
	struct why before = a->why;
	enum err e;

	e = view_session(a, id, &session);
	if (err_class(e) == ERR_CLASS_PEER) { /* it hides no other */
		a->why = before;
		session =
		    json_pack("{s:s, s:s}", "session_id", id, "state",
			      e == ERR_PEER_UNSUPPORTED ? "newer" : "damaged");
		e = ERR_OK;
	}
	TRY(e);
	for (size_t i = 0; i < sizeof(carried) / sizeof(*carried); i++)
		carry(session, row, carried[i]);
	ENSURE(json_array_append(list, row) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(session);
	json_decref(row);
	return e;
}

static enum err list_own(struct account *a, json_t *list)
{
	json_t *ids = NULL;
	const json_t *id;
	size_t i;
	enum err e;

	TRY(view_sessions(a, &ids));
	json_array_foreach(ids, i, id)
	    TRY(describe(a, json_string_value(id), list));
out:
	json_decref(ids);
	return e;
}

static bool is_of(const json_t *row, const char *id)
{
	const char *known = text_of(row, "session_id");

	return known != NULL && strcmp(known, id) == 0;
}

/* Of a list of our own: are we in that session? */
static bool is_member(const json_t *own, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(own, i, row)
	{
		const char *state = text_of(row, "state");

		if (state != NULL && is_of(row, id))
			return strcmp(state, "member") == 0;
	}
	return false;
}

static bool is_listed(const json_t *list, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (is_of(row, id))
			return true;
	}
	return false;
}

static enum err add_invitation(const json_t *session, const json_t *blocks,
			       json_t *list)
{
	const char *id = text_of(session, "session_id");
	const char *algorithm = text_of(session, "algorithm");
	const char *creator = text_of(session, "creator");
	json_t *row;

	if (id == NULL || !uuid_is_text(span_str(id)))
		return ERR_PEER_MALFORMED;
	if (is_listed(list, id) ||
	    (creator != NULL && blocks_has(blocks, creator, "")))
		return ERR_OK;
	row = json_pack("{s:s, s:s, s:s}", "session_id", id, "algorithm",
			algorithm != NULL ? algorithm : "", "state",
			json_is_true(json_object_get(session, "member"))
			    ? "added"
			    : "invited");
	if (creator != NULL)
		(void)json_object_set_new(row, "creator", json_string(creator));
	return json_array_append_new(list, row) == 0 ? ERR_OK
						     : ERR_LOCAL_MEMORY;
}

/* Counting reads entries, so it is for who shows the list. */
static enum err count_unread(struct account *a, json_t *list)
{
	struct device_unread unread;
	json_t *row;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(list, i, row)
	{
		if (json_object_get(row, "last_seq") == NULL) /* not read */
			continue;
		TRY(device_unread(a->device, text_of(row, "session_id"),
				  UINT64_MAX, &unread));
		ENSURE(json_object_set_new(
			   row, "unread",
			   json_integer((json_int_t)unread.count)) == 0,
		       ERR_LOCAL_MEMORY);
	}
out:
	return e;
}

enum err directory_own(struct account *a, bool counted, json_t **list)
{
	json_t *own = json_array();
	enum err e;

	ENSURE(own != NULL, ERR_LOCAL_MEMORY);
	TRY(list_own(a, own));
	if (counted)
		TRY(count_unread(a, own));
	*list = json_incref(own);
out:
	json_decref(own);
	return e;
}

/* Appends those of the rows that `list` has not. */
static enum err add_others(struct account *a, const json_t *rows, json_t *list)
{
	json_t *blocks = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(notice_blocks(a->device, &blocks));
	json_array_foreach(rows, i, row) TRY(add_invitation(row, blocks, list));
out:
	json_decref(blocks);
	return e;
}

/* Appends what the server tells of and `list` has not. */
static enum err list_others(struct account *a, json_t *list)
{
	json_t *rows = json_array();
	enum err e;

	ENSURE(rows != NULL, ERR_LOCAL_MEMORY);
	TRY(fetch(a, rows));
	TRY(add_others(a, rows, list));
out:
	json_decref(rows);
	return e;
}

enum err directory_list(struct account *a, json_t **list)
{
	json_t *all = NULL;
	enum err e;

	TRY(directory_own(a, true, &all));
	TRY(list_others(a, all));
	*list = json_incref(all);
out:
	json_decref(all);
	return e;
}

/* ---- what is new ---- */

/* So many more are in the log of that session, as the server says, than are kept here. */
static uint64_t count_behind(struct account *a, const json_t *row)
{
	const char *id = text_of(row, "session_id");
	json_int_t last = json_integer_value(json_object_get(row, "last_seq"));
	uint64_t kept = id != NULL ? device_last_seq(a->device, id) : 0;

	return kept > 0 && last > 0 && (uint64_t)last > kept
		   ? (uint64_t)last - kept
		   : 0;
}

/* A session that cannot be read now hides nothing of the others. */
static enum err read_news(struct account *a, const json_t *rows)
{
	struct why before = a->why;
	const json_t *row;
	bool away = false;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(rows, i, row)
	{
		if (away || count_behind(a, row) == 0 ||
		    !json_is_true(json_object_get(row, "member")))
			continue;
		e = view_refresh(a, text_of(row, "session_id"));
		away = e != ERR_OK && a->why.unreachable;
		if (err_class(e) == ERR_CLASS_LOCAL &&
		    !drive_is_passing(a, NULL, e))
			goto out;
		a->why = before;
	}
	e = ERR_OK;
out:
	return e;
}

static enum err note_behind(struct account *a, const json_t *rows, json_t *own)
{
	const json_t *row;
	json_t *ours;
	size_t i, k;
	enum err e = ERR_OK;

	json_array_foreach(rows, i, row)
	{
		uint64_t behind = count_behind(a, row);

		json_array_foreach(
		    own, k, ours) if (behind > 0 &&
				      is_of(ours, text_of(row, "session_id")))
		    ENSURE(json_object_set_new(
			       ours, "behind",
			       json_integer((json_int_t)behind)) == 0,
			   ERR_LOCAL_MEMORY);
	}
out:
	return e;
}

enum err directory_look(struct account *a, json_t **list)
{
	json_t *all = NULL, *rows = json_array();
	enum err e, asked;

	*list = NULL;
	ENSURE(rows != NULL, ERR_LOCAL_MEMORY);
	asked = fetch(a, rows);
	if (asked == ERR_OK)
		TRY(read_news(a, rows));
	TRY(directory_own(a, true, &all));
	if (asked == ERR_OK) {
		TRY(note_behind(a, rows, all));
		TRY(add_others(a, rows, all));
	}
	*list = json_incref(all);
	e = asked;
out:
	json_decref(rows);
	json_decref(all);
	return e;
}

enum err directory_invitations(struct account *a, json_t **list)
{
	struct api_answer answer = { 0 };
	enum err e;

	TRY(tokens_call(a, "GET", "/invitations", NULL, &answer));
	TRY(notice_invitations(a->device, answer.body, &a->why, list));
out:
	api_answer_clear(&answer);
	return e;
}

/* ---- finding ---- */

/* Writes a whole id in lower case; false: it is none. */
static bool take_id(const char *word, char id[TEXT_UUID_SIZE])
{
	struct uuid uuid;

	if (uuid_parse(&uuid, span_str(word)) != ERR_OK)
		return false;
	memcpy(id, uuid_text(uuid).text, TEXT_UUID_SIZE);
	return true;
}

/* What is not ours has no name here. Creators choose ids: that one of ours begins so
 * decides nothing. */
static enum err find_anywhere(struct account *a, const char *word, bool names,
			      char id[TEXT_UUID_SIZE])
{
	json_t *list = NULL, *found = NULL;
	enum err e;

	/* whole ids are not looked up: an open session is on no list */
	if (take_id(word, id))
		return ERR_OK;
	TRY(view_names(a, &list));
	TRY(list_others(a, list));
	found = choose_match(list, "session_id", word, names);
	ENSURE(found != NULL, ERR_LOCAL_MEMORY);
	TRY(look_only(found, word, &a->why, id));
out:
	json_decref(list);
	json_decref(found);
	return e;
}

enum err directory_find(struct account *a, const char *word, bool anywhere,
			char id[TEXT_UUID_SIZE])
{
	return anywhere ? find_anywhere(a, word, false, id)
			: look_find(a->device, word, true, &a->why, id);
}

enum err directory_find_any(struct account *a, const char *word,
			    char id[TEXT_UUID_SIZE])
{
	return find_anywhere(a, word, true, id);
}

static enum err refuse_invitation(struct account *a, const char *word)
{
	return why_set(&a->why, ERR_STATE_GONE, "no-such-invitation",
		       "No invitation to a session %.40s waits.", word);
}

/* Whoever is in a session has to be invited to it all the same. */
static enum err check_invited(struct account *a, const char *id)
{
	struct api_answer answer = { 0 };
	json_t *own = NULL;
	enum err e;

	TRY(directory_own(a, false, &own));
	if (!is_member(own, id))
		goto out;
	TRY(tokens_call(a, "GET", "/invitations", NULL, &answer));
	ENSURE(is_listed(json_object_get(answer.body, "invitations"), id),
	       refuse_invitation(a, id));
out:
	api_answer_clear(&answer);
	json_decref(own);
	return e;
}

enum err directory_find_invitation(struct account *a, const char *word,
				   char id[TEXT_UUID_SIZE])
{
	json_t *list = NULL, *found = NULL;
	enum err e;

	if (take_id(word, id))
		return check_invited(a, id);
	TRY(directory_invitations(a, &list));
	found = choose_match(list, "session_id", word, false);
	ENSURE(json_array_size(found) > 0, refuse_invitation(a, word));
	TRY(look_only(found, word, &a->why, id));
out:
	json_decref(list);
	json_decref(found);
	return e;
}

enum err directory_label(struct account *a, const char *id, struct buf *label)
{
	json_t *list = NULL, *found = NULL;
	const json_t *row;
	const char *name = NULL;
	size_t i;
	enum err e;

	TRY(view_names(a, &list));
	json_array_foreach(list, i, row) if (is_of(row, id)) name =
	    text_of(row, "name");
	if (name != NULL && name[0] != '\0')
		found = choose_match(list, "session_id", name, true);
	/* a name that is another one's id is that one's */
	if (json_array_size(found) == 1 && is_of(json_array_get(found, 0), id))
		buf_put_str(label, name);
	else
		buf_putf(label, "%.*s", CHOOSE_SHORT_ID, id);
	e = label->fail;
out:
	json_decref(list);
	json_decref(found);
	return e;
}
