/* Lists of sessions: as they stand after a look, invitations, and what each is called. */
#include "hermetic/lists.h"

#include "device/record.h"
#include "hermetic/inside.h"
#include "reach/act_run.h"
#include "reach/directory.h"
#include "reach/view.h"

enum hermetic_result hermetic_look(struct hermetic *h)
{
	json_t *list = NULL;
	enum err e;

	INSIDE_OPEN(h);
	e = directory_look(&h->a, &list);
	inside_give(h, list);
	json_decref(list);
	return inside_result(h, e);
}

/* ---- invitations ---- */

/* Whoever added this device is known when it comes. */
static enum err add_letters(struct hermetic *h, json_t *row)
{
	struct act_wish wish = { .kind = ACT_LETTERS };
	json_t *letters = NULL;
	size_t count;
	enum err e;

	if (json_is_true(json_object_get(row, "added")))
		return ERR_OK;
	wish.session = record_string(row, "session_id");
	TRY(act_run(&h->a, &wish, &letters));
	count = json_array_size(letters);
	(void)json_object_set_new(row, "signed", json_boolean(count > 0));
	if (count > 0)
		(void)json_object_update(row, json_array_get(letters, 0));
	(void)json_object_set(row, "letters", letters);
out:
	json_decref(letters);
	return e;
}

static void read_invitation(const json_t *row, void *out)
{
	bool erased = json_is_true(json_object_get(row, "erased"));

	*(struct hermetic_invitation *)out = (struct hermetic_invitation){
		.session = told_text(row, "session_id"),
		.algorithm = told_text(row, "algorithm"),
		.inviter = erased ? NULL : told_text(row, "inviter"),
		.added = json_is_true(json_object_get(row, "added")),
	};
}

enum hermetic_result hermetic_invitations(
    struct hermetic *h, const struct hermetic_invitation *const **list,
    size_t *count)
{
	json_t *source = NULL, *row;
	size_t i;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(directory_invitations(&h->a, &source));
	json_array_foreach(source, i, row) TRY(add_letters(h, row));
	inside_give(h, source);
	TRY(inside_list_read(&h->invitations, source, source,
			     sizeof(struct hermetic_invitation),
			     read_invitation));
	*list = inside_list_give(&h->invitations, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

/* ---- what sessions are called ---- */

static enum err add_label(struct hermetic *h, json_t *row)
{
	struct buf label = BUF_INIT;
	enum err e;

	TRY(directory_label(&h->a, told_text(row, "session_id"), &label));
	TRY(buf_end(&label));
	ENSURE(json_object_set_new(
		   row, "label",
		   json_stringn((const char *)label.p, label.n)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&label);
	return e;
}

static void read_label(const json_t *row, void *out)
{
	*(struct hermetic_label *)out = (struct hermetic_label){
		.session = told_text(row, "session_id"),
		.label = told_text(row, "label"),
	};
}

enum hermetic_result hermetic_labels(struct hermetic *h,
				     const struct hermetic_label *const **list,
				     size_t *count)
{
	json_t *source = NULL, *row;
	size_t i;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(view_names(&h->a, &source));
	json_array_foreach(source, i, row) TRY(add_label(h, row));
	inside_give(h, source);
	TRY(inside_list_read(&h->labels, source, source,
			     sizeof(struct hermetic_label), read_label));
	*list = inside_list_give(&h->labels, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_label(struct hermetic *h, const char *session,
				    const char **label)
{
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, label);
	buf_reset(&h->label);
	TRY(directory_label(&h->a, session, &h->label));
	buf_put_u8(&h->label, 0);
	TRY(buf_end(&h->label));
	*label = (const char *)h->label.p;
out:
	return inside_result(h, e);
}
