/* Welcome and GroupSecrets, RFC 9420 section 12.4.3.1. */
#ifndef HERMETIC_WIRE_WELCOME_H
#define HERMETIC_WIRE_WELCOME_H

#include "wire/commit.h"

struct wire_encrypted_group_secrets {
	struct span new_member; /* KeyPackageRef */
	struct wire_hpke_ciphertext secrets;
};

struct wire_welcome {
	uint16_t cipher_suite;
	struct span secrets; /* content; EncryptedGroupSecrets */
	size_t secret_count;
	struct span encrypted_group_info;
};

struct wire_group_secrets {
	struct span joiner_secret;
	bool has_path_secret;
	struct span path_secret;
	struct span psks; /* content; PreSharedKeyIDs */
	size_t psk_count;
};

void wire_welcome_read(struct rd *r, struct wire_welcome *welcome);
void wire_welcome_put(struct buf *b, const struct wire_welcome *welcome);
bool wire_encrypted_group_secrets_next(
    struct span *rest, struct wire_encrypted_group_secrets *item);
void wire_encrypted_group_secrets_put(
    struct buf *b, const struct wire_encrypted_group_secrets *item);

MUST_CHECK enum err wire_group_secrets_decode(
    struct span bytes, struct wire_group_secrets *secrets);
void wire_group_secrets_put(struct buf *b,
			    const struct wire_group_secrets *secrets);

#endif
