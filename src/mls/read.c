#include "mls/read.h"

#include "mls/group_internal.h"
#include "mls/staged.h"

static void read_content(const struct wire_content *content,
			 struct mls_message_head *out)
{
	out->group_id = content->group_id;
	out->epoch = content->epoch;
	out->content = (enum mls_content)content->type;
	out->authenticated_data = content->authenticated_data;
	out->sender_type = (enum mls_sender)content->sender.type;
	out->sender = content->sender.index;
}

enum err mls_message_read(struct span message, struct mls_message_head *out)
{
	struct wire_message m;
	enum err e;

	*out = (struct mls_message_head){ .epoch = 0 };
	TRY(group_decode(message, &m));
	out->format = (enum mls_format)m.format;
	switch ((enum wire_format)m.format) {
	case WIRE_PUBLIC_MESSAGE:
		read_content(&m.public_message.content, out);
		break;
	case WIRE_PRIVATE_MESSAGE:
		out->group_id = m.private_message.group_id;
		out->epoch = m.private_message.epoch;
		out->content = (enum mls_content)m.private_message.content_type;
		out->authenticated_data = m.private_message.authenticated_data;
		out->sender_type = MLS_SENDER_MEMBER;
		break;
	case WIRE_WELCOME:
		out->cipher_suite = m.welcome.cipher_suite;
		break;
	case WIRE_GROUP_INFO:
		out->group_id = m.group_info.context.group_id;
		out->epoch = m.group_info.context.epoch;
		out->cipher_suite = m.group_info.context.cipher_suite;
		break;
	case WIRE_KEY_PACKAGE:
		out->cipher_suite = m.key_package.cipher_suite;
		break;
	}
out:
	return e;
}

enum err mls_key_package_read(struct span key_package,
			      struct mls_key_package_content *out)
{
	struct wire_key_package kp;
	struct span unused;
	enum err e;

	*out = (struct mls_key_package_content){ .version = 0 };
	ENSURE(key_package.n <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
	TRY(wire_key_package_decode(key_package, &kp));
	*out = (struct mls_key_package_content){
		.version = kp.version,
		.cipher_suite = kp.cipher_suite,
		.init_key = kp.init_key,
		.leaf = staged_member(UINT32_MAX, &kp.leaf_node),
		.not_before = kp.leaf_node.not_before,
		.not_after = kp.leaf_node.not_after,
		.extensions = kp.extensions,
		.last_resort = wire_extensions_find(
		    kp.extensions, WIRE_EXTENSION_LAST_RESORT, &unused),
	};
out:
	return e;
}

enum err mls_group_info_read(struct span group_info,
			     struct mls_group_info_content *out)
{
	const struct wire_group_info *info;
	struct wire_message m;
	struct span unused;
	enum err e;

	*out = (struct mls_group_info_content){ .version = 0 };
	TRY(group_decode(group_info, &m));
	ENSURE(m.format == WIRE_GROUP_INFO, ERR_PEER_MALFORMED);
	info = &m.group_info;
	*out = (struct mls_group_info_content){
		.version = info->context.version,
		.cipher_suite = info->context.cipher_suite,
		.group_id = info->context.group_id,
		.epoch = info->context.epoch,
		.group_extensions = info->context.extensions,
		.extensions = info->extensions,
		.signer = info->signer,
		.has_tree = wire_extensions_find(
		    info->extensions, WIRE_EXTENSION_RATCHET_TREE, &unused),
		.has_external_pub = wire_extensions_find(
		    info->extensions, WIRE_EXTENSION_EXTERNAL_PUB, &unused),
	};
out:
	return e;
}

bool mls_extension_next(struct span *extensions, uint16_t *type,
			struct span *data)
{
	struct wire_extension extension;

	if (!wire_extensions_next(extensions, &extension))
		return false;
	*type = extension.type;
	*data = extension.data;
	return true;
}
