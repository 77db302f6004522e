/* What the device knows, as JSON; and logs of accounts. */
#include "hermetic/inside.h"
#include "reach/log_pages.h"
#include "reach/view.h"

#include <stdio.h>

static enum err print_into(struct buf *out, const json_t *value,
			   const char **json)
{
	char *text = json_dumps(value, JSON_COMPACT);
	enum err e = ERR_OK;

	ENSURE(text != NULL, ERR_LOCAL_MEMORY);
	buf_reset(out);
	buf_put_str(out, text);
	buf_put_u8(out, 0);
	TRY(buf_end(out));
	*json = (const char *)out->p;
out:
	free(text);
	return e;
}

static enum err print(struct hermetic *h, const json_t *value,
		      const char **json)
{
	return print_into(&h->json, value, json);
}

const char *hermetic_about(struct hermetic *h)
{
	json_t *about = h != NULL ? inside_about(&h->last) : NULL;
	const char *json = NULL;

	if (about == NULL || print_into(&h->about, about, &json) != ERR_OK)
		json = NULL;
	json_decref(about);
	return json;
}

/* The text of `value`, which is taken over. NULL: out of memory, or there is none. */
static enum err give(struct hermetic *h, json_t *value, const char **json)
{
	enum err e = print(h, value, json);

	json_decref(value);
	return e;
}

const char *hermetic_json(struct hermetic *h)
{
	const char *json = NULL;

	return h != NULL && h->given != NULL &&
		       print(h, h->given, &json) == ERR_OK
		   ? json
		   : NULL;
}

enum hermetic_result hermetic_json_session(struct hermetic *h,
					   const char *session,
					   const char **json)
{
	json_t *value = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, json);
	TRY(view_session(&h->a, session, &value));
	TRY(give(h, value, json));
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_json_outbox(struct hermetic *h,
					  const char *session,
					  const char **json)
{
	json_t *value = NULL;
	enum err e;

	INSIDE_OPEN(h);
	if (session != NULL)
		INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, json);
	TRY(inside_missing(&h->a.why, h->a.device,
			   view_outbox(&h->a, session, &value), session,
			   "an outbox"));
	TRY(give(h, value, json));
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_json_person(struct hermetic *h, const char *user,
					  const char **json)
{
	json_t *value = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	INSIDE_TAKES(h, ARGUMENT_POINTER, json);
	TRY(view_person(&h->a, user, &value));
	if (value == NULL)
		TRY(inside_no_log(&h->a.why, user));
	TRY(give(h, value, json));
out:
	return inside_result(h, e);
}

/* ---- logs of accounts ---- */

static enum err add_page(void *context, const json_t *page)
{
	char *text = json_dumps(page, JSON_COMPACT);

	if (text == NULL)
		return ERR_LOCAL_MEMORY;
	buf_put_str(context, text);
	buf_put_u8(context, '\n');
	free(text);
	return ERR_OK;
}

enum hermetic_result hermetic_account_log(struct hermetic *h, const char *user,
					  const char **pages)
{
	struct buf made = BUF_INIT;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, pages);
	TRY(log_pages_ask(&h->a, user != NULL ? user : h->a.username, add_page,
			  &made));
	buf_put_u8(&made, 0);
	TRY(buf_end(&made));
	buf_clear(&h->json);
	h->json = made;
	made = BUF_INIT;
	*pages = (const char *)h->json.p;
out:
	buf_clear(&made);
	return inside_result(h, e);
}

enum hermetic_result hermetic_check_log(struct hermetic *h, const char *pages,
					size_t size, const char **json)
{
	json_t *found = NULL;
	FILE *file = NULL;
	enum err e;

	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	inside_begin(h);
	if (size == 0)
		return inside_refuse(h, "usage", "There are no pages.");
	INSIDE_TAKES(h, ARGUMENT_POINTER, pages);
	INSIDE_TAKES(h, ARGUMENT_POINTER, json);
	/* for reading alone, so it is not written to */
	file = fmemopen((void *)(uintptr_t)pages, size, "r");
	ENSURE(file != NULL, ERR_LOCAL_MEMORY);
	TRY(log_pages_check(file, &h->a.why, &found));
	TRY(give(h, found, json));
out:
	if (file != NULL)
		(void)fclose(file);
	return inside_result(h, e);
}
