/* /session/{session_id}/files/{file_id}: what uploads and downloads have in common, and
 * the end of a file. */
#include "server/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/answer.h"
#include "server/config.h"

/* An account has at most one in so many. */
#define SHARE 4

static struct {
	struct uuid *users; /* an account for each that is on its way */
	uint64_t count;
} transfers;

bool files_place(const struct call *call, struct file_place *place)
{
	*place = (struct file_place){ .session = call->session,
				      .device = call->who.device };
	if (uuid_parse(&place->file, request_param(call->req, "file_id")) ==
	    ERR_OK)
		return true;
	request_problem(call->req, OUTCOME_NO_FILE, NULL);
	return false;
}

static uint64_t count_of(struct uuid user)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < transfers.count; i++)
		count += uuid_equal(transfers.users[i], user);
	return count;
}

bool files_begin(const struct call *call)
{
	uint64_t most = config()->file_transfers;

	if (transfers.users == NULL)
		transfers.users = calloc(most, sizeof(*transfers.users));
	if (transfers.users == NULL)
		answer_fail(call->req, ERR_LOCAL_MEMORY);
	else if (transfers.count == most)
		request_problem(call->req, OUTCOME_UNAVAILABLE,
				"many files are on their way: try again");
	else if (count_of(call->who.user) >= (most + SHARE - 1) / SHARE)
		request_problem(call->req, OUTCOME_UNAVAILABLE,
				"many files of the account are on their way: "
				"try again");
	else {
		transfers.users[transfers.count++] = call->who.user;
		return true;
	}
	return false;
}

void files_end(struct uuid user)
{
	uint64_t i = 0;

	while (!uuid_equal(transfers.users[i], user))
		i++;
	transfers.users[i] = transfers.users[--transfers.count];
}

enum err files_ask(const struct file_place *place, connection_done *done,
		   void *arg)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, place->session);
	params_uuid(&params, place->device);
	params_uuid(&params, place->file);
	return store_query(answer_store(), STATEMENT_FILE_GET, &params, done,
			   arg);
}

bool files_found(struct request *req, enum err e, struct rows *rows,
		 struct file_found *found)
{
	bool member = e == ERR_OK && rows_bool(rows, 0, "member");
	bool there = member && !rows_is_null(rows, 0, "size");

	*found = (struct file_found){ 0 };
	if (there)
		*found =
		    (struct file_found){ (uint64_t)rows_i64(rows, 0, "size"),
					 (uint64_t)rows_i64(rows, 0, "stored"),
					 rows_bool(rows, 0, "own"),
					 rows_bool(rows, 0, "objects") };
	if (e == ERR_OK)
		e = rows_end(rows);
	if (e != ERR_OK)
		answer_fail(req, e);
	else if (!member)
		request_problem(req, OUTCOME_NOT_A_MEMBER, NULL);
	else if (!there)
		request_problem(req, OUTCOME_NO_FILE, NULL);
	return e == ERR_OK && there;
}

void files_add_offset(struct request *req, uint64_t stored, uint64_t size)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, stored);
	request_add(req, "Upload-Offset", text);
	(void)snprintf(text, sizeof(text), "%" PRIu64, size);
	request_add(req, "Upload-Length", text);
	request_add(req, "Upload-Complete", stored == size ? "?1" : "?0");
	request_add(req, "Cache-Control", "no-store");
}

static void on_dropped(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (!answer_has_one(req, e, rows))
		return;
	if (rows_text_is(rows, 0, "outcome", "ok"))
		request_answer(req, 204, NULL, SPAN_EMPTY);
	else
		request_problem(
		    req, outcomes_named(rows_text(rows, 0, "outcome")), NULL);
}

void files_delete(const struct call *call)
{
	struct file_place place;
	enum err e;

	if (!files_place(call, &place))
		return;
	e = files_drop(answer_store(), &place, on_dropped, call->req);
	if (e != ERR_OK)
		answer_fail(call->req, e);
}
