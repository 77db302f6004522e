#include "cheat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mls/framing.h"
#include "mls/group_internal.h"

void cheat_self_remove(const struct member *m, enum wire_format format,
		       struct span authenticated_data, struct buf *message)
{
	struct wire_proposal proposal = { .type = WIRE_PROPOSAL_SELF_REMOVE };
	struct mls_epoch *now = m->group->now;
	struct buf body = BUF_INIT, signature = BUF_INIT;
	struct sign_key *signer = NULL;
	struct wire_content content = {
		.group_id = now->context.group_id,
		.epoch = now->context.epoch,
		.sender = { WIRE_SENDER_MEMBER, now->private.leaf },
		.authenticated_data = authenticated_data,
		.type = WIRE_CONTENT_PROPOSAL,
	};
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };

	assert_int_equal(sign_private_parse(m->me.suite,
					    sec_span(&m->signature_private),
					    &signer),
			 ERR_OK);
	wire_proposal_put(&body, &proposal);
	content.body = buf_span(&body);
	assert_int_equal(framing_sign(signer, format, &content,
				      buf_span(&now->encoded_context),
				      &signature),
			 ERR_OK);
	auth.signature = buf_span(&signature);
	assert_int_equal(
	    format == WIRE_PRIVATE_MESSAGE
		? framing_protect_private(now->suite, m->me.rng, &content,
					  &auth,
					  sec_span(&now->secrets.sender_data),
					  &now->messages, 0, NULL, message)
		: framing_protect_public(now->suite, &content, &auth,
					 buf_span(&now->encoded_context),
					 sec_span(&now->secrets.membership_key),
					 message),
	    ERR_OK);
	buf_clear(&body);
	buf_clear(&signature);
	sign_key_free(signer);
}
