#include "reach/call.h"

#include "base/rd.h"
#include "base/text.h"
#include "base/uuid.h"
#include "device/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- members of a body ---- */

static enum err set_text(json_t *body, const char *member, const char *text)
{
	return json_object_set_new(body, member, json_string(text)) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

static enum err set_users(json_t *body, const char *member,
			  const struct request *request)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->user_count; i++)
		if (json_array_append_new(
			list, json_string(request->users[i])) != 0) {
			json_decref(list);
			return ERR_LOCAL_MEMORY;
		}
	return json_object_set_new(body, member, list) == 0 ? ERR_OK
							    : ERR_LOCAL_MEMORY;
}

static enum err set_list(json_t *body, const char *member,
			 const struct span *list, size_t count)
{
	json_t *array = json_array();
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		buf_reset(&text);
		text_put_base64(&text, list[i]);
		TRY(buf_end(&text));
		ENSURE(json_array_append_new(
			   array, json_stringn((const char *)text.p, text.n)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	}
	ENSURE(json_object_set(body, member, array) == 0, ERR_LOCAL_MEMORY);
out:
	buf_clear(&text);
	json_decref(array);
	return e;
}

/* ---- one function for each body ---- */

static enum err put_create(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_text(body, "session_id", request->session));
	TRY(set_text(body, "algorithm", request->algorithm));
	TRY(set_text(body, "join_policy", request->open ? "open" : "invited"));
	TRY(set_users(body, "invite", request));
	TRY(record_set_bytes(body, "group_info", request->group_info));
out:
	return e;
}

static enum err put_envelope(const struct request *request, json_t *body)
{
	enum err e;

	TRY(record_set_bytes(body, "envelope", request->bytes));
	if (request->expires_ms > 0)
		(void)json_object_set_new(
		    body, "expires_at",
		    json_integer((json_int_t)request->expires_ms));
	if (request->file != NULL)
		ENSURE(json_object_set_new(
			   body, "files", json_pack("[s]", request->file)) == 0,
		       ERR_LOCAL_MEMORY);
out:
	return e;
}

/* Of the epoch that a commit leads to. */
static enum err put_info(const struct request *request, json_t *body)
{
	if (request->info_part.n > 0)
		return record_set_bytes(body, "partial_group_info",
					request->info_part);
	return record_set_bytes(body, "group_info", request->group_info);
}

static enum err put_commit(const struct request *request, json_t *body)
{
	enum err e;

	TRY(record_set_bytes(body, "commit", request->bytes));
	TRY(put_info(request, body));
	if (request->welcome.n > 0)
		TRY(record_set_bytes(body, "welcome", request->welcome));
out:
	return e;
}

static enum err put_move(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_text(body, "algorithm", request->algorithm));
	TRY(put_commit(request, body));
out:
	return e;
}

static enum err put_join(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_text(body, "session_id", request->session));
	TRY(record_set_bytes(body, "commit", request->bytes));
	TRY(put_info(request, body));
out:
	return e;
}

static enum err put_welcome(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_text(body, "session_id", request->session));
	TRY(set_text(body, "welcome_id", request->welcome_id));
out:
	return e;
}

static enum err put_departure(const struct request *request, json_t *body)
{
	return record_set_bytes(body, "departure", request->bytes);
}

static enum err put_invited(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_users(body, "usernames", request));
	if (request->bytes.n > 0)
		TRY(record_set_bytes(body, "letter", request->bytes));
out:
	return e;
}

static enum err put_user(const struct request *request, json_t *body)
{
	return set_text(body, "username", request->user);
}

static enum err put_link(const struct request *request, json_t *body)
{
	enum err e;

	TRY(record_set_bytes(body, "link", request->bytes));
	if (request->salt.n > 0)
		TRY(record_set_bytes(body, "salt", request->salt));
	if (request->anew)
		ENSURE(json_object_set_new(body, "anew", json_true()) == 0,
		       ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err put_branch(const struct request *request, json_t *body)
{
	struct rd r = rd_init(request->bytes);
	struct span *links = NULL;
	size_t count = 0;
	enum err e;

	for (; rd_left(&r) > 0; count++)
		(void)rd_vec(&r);
	links = calloc(count + 1, sizeof(*links));
	ENSURE(links != NULL, ERR_LOCAL_MEMORY);
	r = rd_init(request->bytes);
	for (size_t i = 0; i < count; i++)
		links[i] = rd_vec(&r);
	TRY(set_list(body, "links", links, count));
out:
	free(links);
	return e;
}

static enum err put_accounts(const struct request *request, json_t *body)
{
	json_t *after = json_array();
	enum err e;

	ENSURE(after != NULL, ERR_LOCAL_MEMORY);
	TRY(set_users(body, "accounts", request));
	for (size_t i = 0; i < request->user_count; i++)
		ENSURE(json_array_append_new(
			   after,
			   json_integer((json_int_t)request->afters[i])) == 0,
		       ERR_LOCAL_MEMORY);
	ENSURE(json_object_set(body, "after", after) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(after);
	return e;
}

static enum err put_packages(const struct request *request, json_t *body)
{
	enum err e;

	TRY(set_list(body, "key_packages", request->key_packages,
		     request->key_package_count));
	TRY(set_list(body, "last_resort", request->last_resorts,
		     request->last_resort_count));
out:
	return e;
}

/* ---- all requests ---- */

struct shape {
	const char *method;
	const char *path; /* of no session; or what follows /session/ID */
	bool of_session;
	enum err (*put)(const struct request *request, json_t *body);
};

static const struct shape SHAPES[REQUEST_KINDS] = {
	[REQUEST_CREATE] = { "POST", "/session/create", false, put_create },
	[REQUEST_LOG] = { "GET", "/messages", true, NULL },
	[REQUEST_HANDSHAKES] = { "GET", "/messages", true, NULL },
	[REQUEST_GROUP_INFO] = { "GET", "/group-info", true, NULL },
	[REQUEST_TREE] = { "GET", "/tree", true, NULL },
	[REQUEST_FIRST_INFO] = { "GET", "/group-info", true, NULL },
	[REQUEST_SEND] = { "POST", "/send", true, put_envelope },
	[REQUEST_COMMIT] = { "POST", "/commit", true, put_commit },
	[REQUEST_MOVE] = { "POST", "/move", true, put_move },
	[REQUEST_JOIN] = { "POST", "/session/join", false, put_join },
	[REQUEST_TAKE_WELCOME] = { "POST", "/session/join", false,
				   put_welcome },
	[REQUEST_LEAVE] = { "POST", "/leave", true, put_departure },
	[REQUEST_INVITE] = { "POST", "/invite", true, put_invited },
	[REQUEST_LETTER] = { "GET", "/letter", true, NULL },
	[REQUEST_WELCOMES] = { "GET", "/welcomes", false, NULL },
	[REQUEST_CLAIM] = { "POST", "/key-packages/claim", false, put_user },
	[REQUEST_STOCK] = { "GET", "/key-packages", false, NULL },
	[REQUEST_PUBLISH] = { "POST", "/key-packages", false, put_packages },
	[REQUEST_ACCOUNT_LOG] = { "GET", "/log", false, NULL },
	[REQUEST_LINK] = { "POST", "/log", false, put_link },
	[REQUEST_BRANCH] = { "POST", "/log/branch", false, put_branch },
	[REQUEST_ACCOUNT_LOGS] = { "POST", "/users/logs", false, put_accounts },
	[REQUEST_DROP_FILE] = { "DELETE", "/files/", true, NULL },
};

/* What follows the path of that kind. */
static void put_query(const struct request *request, struct buf *path)
{
	if (request->kind == REQUEST_LOG || request->kind == REQUEST_HANDSHAKES)
		buf_putf(path, "?after=%" PRIu64 "&limit=%" PRIu32 "%s",
			 request->after, request->limit,
			 request->kind == REQUEST_HANDSHAKES ? "&handshake=true"
							     : "");
	else if (request->kind == REQUEST_ACCOUNT_LOG)
		buf_putf(path, "?after=%" PRIu64, request->after);
	else if (request->kind == REQUEST_TREE)
		buf_putf(path, "?seq=%" PRIu64, request->after);
	else if (request->kind == REQUEST_FIRST_INFO)
		buf_putf(path, "?generation=%" PRIu32, request->generation);
	else if (request->kind == REQUEST_DROP_FILE)
		buf_put_str(path, request->file);
}

static enum err write_path(const struct shape *shape,
			   const struct request *request,
			   char out[CALL_PATH_SIZE])
{
	struct buf path = BUF_INIT;
	enum err e;

	if (shape->of_session) {
		ENSURE(request->session != NULL &&
			   uuid_is_text(span_str(request->session)),
		       ERR_LOCAL_BUG);
		buf_putf(&path, "/session/%s", request->session);
	}
	if (request->kind == REQUEST_ACCOUNT_LOG ||
	    request->kind == REQUEST_LINK || request->kind == REQUEST_BRANCH)
		buf_putf(&path, "/users/%s", request->user);
	buf_put_str(&path, shape->path);
	put_query(request, &path);
	buf_put_u8(&path, 0);
	TRY(buf_end(&path));
	ENSURE(path.n <= CALL_PATH_SIZE, ERR_LOCAL_BUG);
	memcpy(out, path.p, path.n);
out:
	buf_clear(&path);
	return e;
}

enum err call_make(const struct request *request, struct call *call)
{
	const struct shape *shape;
	enum err e;

	memset(call, 0, sizeof(*call));
	ENSURE((unsigned)request->kind < REQUEST_KINDS, ERR_LOCAL_BUG);
	shape = &SHAPES[request->kind];
	call->method = shape->method;
	TRY(write_path(shape, request, call->path));
	if (shape->put == NULL)
		goto out;
	call->body = json_object();
	ENSURE(call->body != NULL, ERR_LOCAL_MEMORY);
	TRY(shape->put(request, call->body));
out:
	return e;
}

void call_clear(struct call *call)
{
	json_decref(call->body);
	memset(call, 0, sizeof(*call));
}
