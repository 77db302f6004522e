/* Why a device does not come into the group of today, in words, of rejoin.h. */
#include "device/group/breaks.h"
#include "device/group/rejoin.h"
#include "device/todo.h"

void rejoin_halt_forked(struct device *d)
{
	work_halt(d, ERR_PEER_FORK, "history-differs",
		  "Members of %s have seen different histories: the server is "
		  "not to be trusted with it. To look at it: hermetic resolve "
		  "%s",
		  d->open.id, d->open.id);
}

void rejoin_halt_often(struct device *d)
{
	char who[BREAKS_WORDS];

	breaks_say(d, who, sizeof(who));
	work_halt(d, ERR_STATE_PENDING, "behind",
		  "This device had to join %s again too often today.%s To try "
		  "once more: hermetic resolve %s --yes",
		  d->open.id, who, d->open.id);
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
		work_halt(d, e, "not-continued",
			  "What the server has of %s does not begin as a "
			  "session does, and lead to the group of today: %s. "
			  "It was not joined. To join it all the same, and "
			  "look at who is in it: hermetic resolve %s --yes",
			  d->work.outcome.session, err_text(e),
			  d->work.outcome.session);
	else
		work_halt(
		    d, e, "not-continued",
		    "What the server has of %s does not lead from what this "
		    "device knows to the group of today: %s. It was not "
		    "joined. "
		    "To look at who is in it now and go on all the same: "
		    "hermetic resolve %s",
		    d->work.outcome.session, err_text(e),
		    d->work.outcome.session);
}

/* A device of ours that is in lets this one in (docs/protocol.md, "Rules"). */
void rejoin_refuse(struct device *d)
{
	work_halt(d, ERR_PEER_DENIED, "link-needed",
		  "Another device of yours is in %s. It lets this one in: "
		  "hermetic link",
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
