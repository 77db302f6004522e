#include "device/group/staged_info.h"

#include "device/core.h"
#include "device/group/signer.h"
#include "device/todo.h"

#include <string.h>

enum err staged_info_note(json_t *todo, const struct mls_commit *commit,
			  bool whole)
{
	struct buf part = BUF_INIT;
	enum err e;

	if (whole)
		return record_set_bytes(todo, "group_info",
					buf_span(&commit->group_info));
	TRY(session_info_part(buf_span(&commit->group_info), &part));
	TRY(record_set_bytes(todo, "info_part", buf_span(&part)));
out:
	buf_clear(&part);
	return e;
}

/* Of a todo that has a part only. */
static enum err make_whole(struct device *d, struct buf *group_info)
{
	struct signer signer;
	enum err e;

	TRY(signer_of_session(&signer, d));
	TRY(session_staged_info(d->open.session, &signer.me, group_info));
out:
	signer_clear(&signer);
	return e;
}

enum err staged_info_ask(struct device *d, struct request *request)
{
	const json_t *todo = membership_todo(&d->open);
	struct buf *bytes = &d->work.group_info;
	bool parted = json_object_get(todo, "info_part") != NULL;
	enum err e;

	buf_reset(bytes);
	if (!parted)
		TRY(record_bytes(todo, "group_info", bytes));
	else if (d->whole_infos)
		TRY(make_whole(d, bytes));
	else
		TRY(record_bytes(todo, "info_part", bytes));
	TRY(buf_end(bytes));
	request->group_info = request->info_part = SPAN_EMPTY;
	if (parted && !d->whole_infos)
		request->info_part = buf_span(bytes);
	else
		request->group_info = buf_span(bytes);
out:
	return e;
}

bool staged_info_refused(struct device *d, const struct answer *answer)
{
	struct span part = d->work.request.info_part;

	if (answer->result == ERR_OK || d->whole_infos || part.n == 0)
		return false;
	/* to one of before, too, that takes the tree for a part of what is signed */
	if (strcmp(answer->slug, "malformed") != 0 &&
	    !(strcmp(answer->slug, "commit-invalid") == 0 &&
	      session_part_beside(part)))
		return false;
	d->whole_infos = true;
	if (membership_todo_is(&d->open, "commit") &&
	    json_object_get(membership_todo(&d->open), "welcome") != NULL) {
		/* nor does it give trees that go beside Welcomes */
		session_discard(d->open.session);
		todo_commit_lost(d);
		work_changed(d);
	}
	return true;
}
