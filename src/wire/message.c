#include "wire/message.h"

enum err wire_message_decode(struct span bytes, struct wire_message *message)
{
	struct rd r = rd_init(bytes);

	*message = (struct wire_message){ 0 };
	if (rd_u16(&r) != WIRE_VERSION_MLS10)
		rd_fail(&r, ERR_PEER_UNSUPPORTED);
	message->format = rd_u16(&r);
	switch (message->format) {
	case WIRE_PUBLIC_MESSAGE:
		wire_public_message_read(&r, &message->public_message);
		break;
	case WIRE_PRIVATE_MESSAGE:
		wire_private_message_read(&r, &message->private_message);
		break;
	case WIRE_WELCOME:
		wire_welcome_read(&r, &message->welcome);
		break;
	case WIRE_GROUP_INFO:
		wire_group_info_read(&r, &message->group_info);
		break;
	case WIRE_KEY_PACKAGE:
		wire_key_package_read(&r, &message->key_package);
		/* 10: "MUST verify that the version field" */
		if (rd_ok(&r) &&
		    message->key_package.version != WIRE_VERSION_MLS10)
			rd_fail(&r, ERR_PEER_MALFORMED);
		break;
	default:
		rd_fail(&r, ERR_PEER_UNSUPPORTED);
	}
	return rd_end(&r);
}

void wire_message_put_header(struct buf *b, uint16_t format)
{
	buf_put_u16(b, WIRE_VERSION_MLS10);
	buf_put_u16(b, format);
}

void wire_message_put(struct buf *b, const struct wire_message *message)
{
	wire_message_put_header(b, message->format);
	switch ((enum wire_format)message->format) {
	case WIRE_PUBLIC_MESSAGE:
		wire_public_message_put(b, &message->public_message);
		break;
	case WIRE_PRIVATE_MESSAGE:
		wire_private_message_put(b, &message->private_message);
		break;
	case WIRE_WELCOME:
		wire_welcome_put(b, &message->welcome);
		break;
	case WIRE_GROUP_INFO:
		wire_group_info_put(b, &message->group_info);
		break;
	case WIRE_KEY_PACKAGE:
		wire_key_package_put(b, &message->key_package);
		break;
	}
}
