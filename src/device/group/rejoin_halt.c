/* Why a device does not come into the group of today, in words, of rejoin.h. */
#include "device/group/breaks.h"
#include "device/group/rejoin.h"
#include "device/todo.h"

void rejoin_halt_forked(struct device *d)
{
	work_halt(d, ERR_PEER_FORK, "history-differs",
		  "Members of %s have seen different histories: the server is "
		  "not to be trusted with it. Look at it before you go on.",
		  d->open.id);
}

void rejoin_halt_often(struct device *d)
{
	char who[BREAKS_WORDS];

	breaks_say(d, who, sizeof(who));
	work_halt_about(d, span_str(breaks_blamed(d)), ERR_STATE_PENDING,
			"behind",
			"This device had to join %s again too often today.%s "
			"It goes on tomorrow, or when you say so.",
			d->open.id, who);
}

void rejoin_halt_overtaken(struct device *d)
{
	char who[BREAKS_WORDS];

	breaks_say(d, who, sizeof(who));
	work_halt(d, ERR_STATE_CONFLICT, "overtaken",
		  "Others keep changing %s: try again later.%s",
		  d->work.outcome.session, who);
}

/* No trail leads there. A person who has been told so may go on without. */
void rejoin_halt(struct device *d, enum err e)
{
	struct rejoin *rejoin = d->work.rejoin;

	if (d->work.resolving && !rejoin->forced) {
		trail_free(rejoin->trail);
		stood_free(rejoin->stood);
		json_decref(rejoin->places);
		buf_clear(&rejoin->adder);
		*rejoin = (struct rejoin){ .forced = true };
		if (rejoin_is_staged(d))
			todo_drop(d);
		return;
	}
	if (d->open.session == NULL)
		work_halt(
		    d, e, "no-beginning",
		    "What the server has of %s does not begin as a session "
		    "does, and lead to the group of today: %s. It was not "
		    "joined. Who takes that on trust can join it all the same.",
		    d->work.outcome.session, err_text(e));
	else
		work_halt(d, e, "not-continued",
			  "What the server has of %s does not lead from what "
			  "this device knows to the group of today: %s. It was "
			  "not joined. Look at who is in it now before you go "
			  "on all the same.",
			  d->work.outcome.session, err_text(e));
}

/* A device of ours that is in lets this one in (docs/protocol.md, "Rules"). */
void rejoin_refuse(struct device *d)
{
	work_halt(d, ERR_PEER_DENIED, "link-needed",
		  "Another device of yours is in %s. It lets this one in.",
		  d->work.outcome.session);
}

void rejoin_halt_refused(struct device *d, const struct answer *answer)
{
	if (d->work.resolving && !d->work.rejoin->forced &&
	    !work_is_passing(answer))
		rejoin_halt(d, answer->result);
	else
		work_halt_refused(d, answer);
}
