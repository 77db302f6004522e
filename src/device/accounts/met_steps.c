/* The steps by which somebody is met: the account's log is read, from the last
 * link that is known on, and as a whole where that does not fit. */
#include "device/accounts/met.h"
#include "device/steps.h"

#include <stdlib.h>

struct meeting {
	struct met *met; /* who was met under the name; NULL: nobody */
	bool whole;	 /* it is read from its first link on */
	bool done;
	uint64_t count; /* links in `links` */
	struct buf links, salt;
};

void met_end(struct meeting *meeting)
{
	if (meeting == NULL)
		return;
	met_free(meeting->met);
	buf_clear(&meeting->links);
	buf_clear(&meeting->salt);
	free(meeting);
}

static const char *whom(const struct device *d)
{
	return d->work.order.users[0];
}

/* ---- before the first request ---- */

static bool begin_due(struct device *d)
{
	return work_is(&d->work, ORDER_MEET) && d->work.meeting == NULL;
}

static enum err begin(struct device *d)
{
	struct meeting *meeting = calloc(1, sizeof(*meeting));
	enum err e;

	ENSURE(meeting != NULL, ERR_LOCAL_MEMORY);
	d->work.meeting = meeting;
	e = met_find(d, whom(d), &meeting->met);
	if (e == ERR_STATE_GONE) {
		meeting->whole = true;
		e = ERR_OK;
	}
out:
	return e;
}

const struct step met_step_begin = {
	"met", NULL, begin_due, begin, NULL, NULL
};

/* ---- reading ---- */

static bool read_due(struct device *d)
{
	return work_is(&d->work, ORDER_MEET) && d->work.meeting != NULL &&
	       !d->work.meeting->done;
}

static enum err read_ask(struct device *d, struct request *request)
{
	const struct meeting *meeting = d->work.meeting;
	struct account_place place = { .number = meeting->count };

	if (!meeting->whole) {
		account_log_place(meeting->met->known->log, &place);
		place.number--; /* with the last one, which has to be there */
	}
	request->kind = REQUEST_ACCOUNT_LOG;
	request->user = whom(d);
	request->after = place.number;
	return ERR_OK;
}

/* Is the first of these links the last one that is known? */
static bool goes_on(const struct meeting *meeting, const struct answer *answer)
{
	struct account_place known, shown;

	account_log_place(meeting->met->known->log, &known);
	shown.number = known.number;
	return answer->link_count > 0 &&
	       account_link_hash(answer->links[0], shown.hash) == ERR_OK &&
	       account_log_has(meeting->met->known->log, &shown);
}

/* From the last link that is known on. */
static enum err take_more(struct device *d, const struct answer *answer)
{
	struct meeting *meeting = d->work.meeting;
	bool good = false;
	enum err e = ERR_OK;

	if (goes_on(meeting, answer))
		e = met_extend(d, meeting->met, answer->links + 1,
			       answer->link_count - 1, &good);
	if (good)
		meeting->done = !answer->more || answer->link_count == 1;
	else
		meeting->whole = true;
	return e;
}

static void tell(struct device *d, enum met_outcome outcome)
{
	if (outcome == MET_FORKED)
		work_halt_about(d, span_str(whom(d)), ERR_PEER_FORK,
				"account-forked",
				"There are two logs of %s's account that "
				"contradict each other: one of the devices has "
				"signed both. Ask %s which devices are theirs.",
				whom(d), whom(d));
	else if (outcome == MET_OTHER)
		work_halt_about(
		    d, span_str(whom(d)), ERR_PEER_FORK, "identity-changed",
		    "%s is another account now than the one that this device "
		    "knows by that name. Nothing was changed. Ask %s in "
		    "another way, and accept the account then.",
		    whom(d), whom(d));
}

/* All of it is there. */
static enum err judge(struct device *d)
{
	struct meeting *meeting = d->work.meeting;
	enum met_outcome outcome = MET_KEPT;
	enum err e;

	meeting->done = true;
	if (meeting->count == 0) {
		work_halt(d, ERR_STATE_GONE, "no-account-log",
			  "The server shows no log of %s's account (yet).",
			  whom(d));
		return ERR_OK;
	}
	e = met_take(d, whom(d), buf_span(&meeting->salt),
		     buf_span(&meeting->links), &outcome);
	if (e == ERR_PEER_INVALID) {
		work_halt(d, e, "account-log-invalid",
			  "What the server shows as the log of %s's account is "
			  "wrong. Nothing was changed.",
			  whom(d));
		return ERR_OK;
	}
	if (e == ERR_OK)
		tell(d, outcome);
	return e;
}

static enum err take_whole(struct device *d, const struct answer *answer)
{
	struct meeting *meeting = d->work.meeting;
	enum err e;

	if (meeting->count == 0)
		buf_put(&meeting->salt, answer->salt);
	for (size_t i = 0; i < answer->link_count; i++, meeting->count++)
		buf_put_vec(&meeting->links, answer->links[i]);
	TRY(buf_end(&meeting->salt));
	TRY(buf_end(&meeting->links));
	if (!answer->more || answer->link_count == 0 ||
	    meeting->count >= ACCOUNT_LINKS_MAX)
		TRY(judge(d));
out:
	return e;
}

static enum err read_take(struct device *d, const struct answer *answer)
{
	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	return d->work.meeting->whole ? take_whole(d, answer)
				      : take_more(d, answer);
}

const struct step met_step_read = { "meet", NULL,     read_due,
				    NULL,   read_ask, read_take };
