#include "device/group/join.h"

enum err join_explain(struct device *d, enum err e, const char *what)
{
	const char *id = d->work.outcome.session;

	if (e == ERR_PEER_DOWNGRADE)
		return why_set(
		    &d->work.why, e, "downgrade",
		    "The algorithm of %s is not the one that its founders' "
		    "leaves give, or this device offered something else then "
		    "than it does now: a better one may have been withheld "
		    "when it was created. Not joined.",
		    id);
	if (e == ERR_PEER_UNSUPPORTED)
		return why_set(&d->work.why, e, "unsupported",
			       "%s uses an algorithm that this device does "
			       "not offer. Not joined.",
			       id);
	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&d->work.why, e, "bad-group",
			       "%s of %s is not what its members signed: %s. "
			       "Not joined.",
			       what, id, err_text(e));
	return e;
}
