/* Who has added this device to a session, as a trail shows it. */
#include "device/accounts/accounts.h"
#include "device/accounts/blocks.h"
#include "device/group/rejoin.h"

/* By either of its identities: the session's rules say which one a leaf has. */
enum err rejoin_stands(struct device *d, bool *stands)
{
	const struct trail *trail = d->work.rejoin->trail;
	const char *own;
	enum err e;

	TRY(accounts_own(d, &own));
	*stands = trail_has(trail, span_str(core_self(d))) ||
		  trail_has(trail, span_str(own));
out:
	return e;
}

enum err rejoin_note_adder(struct device *d, bool stood)
{
	struct rejoin *rejoin = d->work.rejoin;
	struct check_signer signer;
	bool stands;
	enum err e;

	TRY(rejoin_stands(d, &stands));
	if (stands && stood)
		goto out;
	buf_reset(&rejoin->adder);
	if (stands && trail_signer(rejoin->trail, &signer) && !signer.external)
		buf_put(&rejoin->adder, signer.leaf.identity);
	TRY(rejoin->adder.fail);
out:
	return e;
}

/* Whoever resolves a session was shown who is in it. */
enum err rejoin_check_adder(struct device *d)
{
	const struct rejoin *rejoin = d->work.rejoin;

	if (!work_is(&d->work, ORDER_JOIN) || d->work.resolving ||
	    d->work.order.declines || rejoin->adder.n == 0)
		return ERR_OK;
	return blocks_check_adder(d, d->work.outcome.session,
				  buf_span(&rejoin->adder));
}
