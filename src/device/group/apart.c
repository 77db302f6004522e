#include "device/group/apart.h"

#include "device/log.h"
#include "device/steps.h"
#include "device/todo.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_LIMIT 500

struct apart {
	bool looking; /* the server says that the departure stands there */
	struct chain chain; /* as far as it was looked for */
};

void apart_free(struct apart *apart)
{
	free(apart);
}

bool apart_begin(struct device *d)
{
	if (!work_is(&d->work, ORDER_LEAVE) || d->open.session == NULL ||
	    !session_member(d->open.session) ||
	    membership_behind(&d->open) != BEHIND_NO)
		return false;
	if (d->work.apart == NULL)
		d->work.apart = calloc(1, sizeof(*d->work.apart));
	return d->work.apart != NULL;
}

bool apart_is_begun(const struct device *d)
{
	return d->work.apart != NULL;
}

bool apart_is_ready(const struct device *d)
{
	const struct apart *apart = d->work.apart;

	return apart != NULL && !apart->looking && d->open.session != NULL &&
	       session_member(d->open.session) &&
	       !session_forked(d->open.session);
}

bool apart_departs(const struct device *d)
{
	if (!membership_todo_is(&d->open, "leave"))
		return false;
	return d->work.apart != NULL
		   ? apart_is_ready(d) &&
			 strcmp(todo_departs(d), core_self(d)) == 0
		   : core_is_settled(d);
}

void apart_posted(struct device *d)
{
	struct apart *apart = d->work.apart;

	apart->looking = true;
	chain_resume(&apart->chain, session_seq(d->open.session),
		     session_head(d->open.session));
}

/* ---- looking for it ---- */

static bool look_due(struct device *d)
{
	return d->work.apart != NULL && d->work.apart->looking &&
	       d->open.session != NULL && session_member(d->open.session);
}

static enum err look_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_LOG;
	request->after = d->work.apart->chain.seq;
	request->limit = PAGE_LIMIT;
	return ERR_OK;
}

/* The log's next entry, by its head alone. */
static enum err follow(struct chain *chain, const struct answer_entry *entry)
{
	enum chain_kind kind = (enum chain_kind)entry->kind;
	uint8_t head[CHAIN_HEAD];
	enum err e;

	ENSURE(entry->seq == chain->seq + 1, ERR_PEER_FORK);
	if (entry->expired || entry->bare) {
		TRY(chain_next_hash(chain, kind, entry->hash, head));
		ENSURE(memcmp(head, entry->head, CHAIN_HEAD) == 0,
		       ERR_PEER_FORK);
	} else
		TRY(chain_check_next(chain, kind, entry->bytes, entry->head));
	chain_advance(chain, entry->head);
out:
	return e;
}

/* Is it this device's departure, as it was posted? */
static enum err is_own(struct device *d, const struct answer_entry *entry,
		       bool *own)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	*own = false;
	if (entry->kind != CHAIN_DEPARTURE || entry->expired || entry->bare)
		return ERR_OK;
	TRY(record_bytes(membership_todo(&d->open), "departure", &bytes));
	TRY(buf_end(&bytes));
	*own = span_equal(buf_span(&bytes), entry->bytes);
out:
	buf_clear(&bytes);
	return e;
}

/* The group that it has is the one of before what could not be judged. */
static enum err end(struct device *d, uint64_t at)
{
	struct session *session = d->open.session;

	session_end(session);
	membership_set_todo(&d->open, NULL);
	work_changed(d);
	return log_end(d, at, session_seq(session), session_head(session));
}

static enum err look_through(struct device *d, const struct answer *answer)
{
	struct chain *chain = &d->work.apart->chain;
	bool own = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < answer->entry_count && !own; i++) {
		TRY(follow(chain, &answer->entries[i]));
		TRY(is_own(d, &answer->entries[i], &own));
	}
	if (own)
		TRY(end(d, chain->seq));
	else if (!work_page(d, answer, answer->entry_count > 0) &&
		 !d->work.halted)
		work_halt(d, ERR_PEER_INVALID, "not-in-log",
			  "The server took the departure from %s, but its log "
			  "does not show it. It is kept, and tried again with "
			  "the next leave.",
			  d->open.id);
out:
	return e;
}

static enum err look_take(struct device *d, const struct answer *answer)
{
	enum err e;

	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	e = look_through(d, answer);
	if (err_class(e) != ERR_CLASS_PEER)
		return e;
	work_halt(d, ERR_PEER_FORK, "history-differs",
		  "The server's history of %s does not continue the one seen "
		  "before: it dropped, changed or reordered messages. The "
		  "departure is kept.",
		  d->open.id);
	return ERR_OK;
}

const struct step apart_step_look = { "apart", NULL,	 look_due,
				      NULL,    look_ask, look_take };
