/*
 * What can be read of an object without a group and without a key: to route it,
 * to show it, to choose among KeyPackages. Nothing is verified: a signature may be
 * false, a member may not exist. All borrow from the bytes. Errors are
 * ERR_PEER_MALFORMED, ERR_PEER_UNSUPPORTED (another version, wire format or type
 * of credential) and ERR_PEER_TOO_LARGE; `out` is cleared then.
 */
#ifndef HERMETIC_MLS_READ_H
#define HERMETIC_MLS_READ_H

#include "mls/group.h"

enum mls_format { /* 17.2 */
		  MLS_FORMAT_PUBLIC_MESSAGE = 1,
		  MLS_FORMAT_PRIVATE_MESSAGE = 2,
		  MLS_FORMAT_WELCOME = 3,
		  MLS_FORMAT_GROUP_INFO = 4,
		  MLS_FORMAT_KEY_PACKAGE = 5
};

enum mls_content { /* section 6 */
		   MLS_CONTENT_APPLICATION = 1,
		   MLS_CONTENT_PROPOSAL = 2,
		   MLS_CONTENT_COMMIT = 3
};

/* The head of an MLSMessage (section 6). */
struct mls_message_head {
	enum mls_format format;
	/* PublicMessage, PrivateMessage, and GroupInfo for the first two */
	struct span group_id;
	uint64_t epoch;
	enum mls_content content; /* public and private messages */
	struct span authenticated_data;
	enum mls_sender sender_type; /* PublicMessage; private: a member */
	uint32_t sender;	     /* PublicMessage: leaf or sender_index */
	uint16_t cipher_suite;	     /* Welcome, GroupInfo, KeyPackage */
};

MUST_CHECK enum err mls_message_read(struct span message,
				     struct mls_message_head *out);

/* A KeyPackage (section 10), not wrapped in an MLSMessage. */
struct mls_key_package_content {
	uint16_t version;
	uint16_t cipher_suite;
	struct span init_key;
	struct mls_member leaf;		/* leaf_index UINT32_MAX */
	uint64_t not_before, not_after; /* seconds since 1970 */
	struct span extensions;		/* encoded Extension structs */
	bool last_resort;
};

MUST_CHECK enum err mls_key_package_read(struct span key_package,
					 struct mls_key_package_content *out);

/* A GroupInfo (12.4.3) in an MLSMessage. */
struct mls_group_info_content {
	uint16_t version;
	uint16_t cipher_suite;
	struct span group_id;
	uint64_t epoch;
	struct span group_extensions; /* of the GroupContext */
	struct span extensions;	      /* of the GroupInfo itself */
	uint32_t signer;	      /* leaf index */
	bool has_tree;
	bool has_external_pub; /* mls_group_join_external() may go */
};

MUST_CHECK enum err mls_group_info_read(struct span group_info,
					struct mls_group_info_content *out);

/* The next extension of a list, taken off it; false at the end. */
bool mls_extension_next(struct span *extensions, uint16_t *type,
			struct span *data);

#endif
