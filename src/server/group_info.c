#include "server/group_info.h"

#include "wire/message.h"
#include "wire/types.h"

bool group_info_fits(struct span bytes, const uint8_t session[16],
		     uint64_t epoch, const struct suite *suite)
{
	const struct wire_group_context *context;
	struct wire_message message;

	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return false;
	context = &message.group_info.context;
	return span_equal(context->group_id, span_of(session, 16)) &&
	       context->epoch == epoch &&
	       (suite == NULL || context->cipher_suite == suite->id);
}
