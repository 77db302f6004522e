/* Credentials, RFC 9420 section 5.3, and the external senders' list
 * (12.1.8.1). */
#ifndef HERMETIC_WIRE_CREDENTIAL_H
#define HERMETIC_WIRE_CREDENTIAL_H

#include "wire/types.h"

struct wire_credential {
	struct span encoded;
	uint16_t type;
	struct span identity;	  /* basic */
	struct span certificates; /* x509: content of Certificate<V> */
};

/* A type other than basic and x509 cannot be decoded: it has no length of its
 * own. ERR_PEER_UNSUPPORTED. */
void wire_credential_read(struct rd *r, struct wire_credential *credential);
void wire_credential_put(struct buf *b,
			 const struct wire_credential *credential);

/* x509: the DER certificates, the end entity's first. */
bool wire_certificates_next(struct span *rest, struct span *certificate);

struct wire_external_sender {
	struct span signature_key;
	struct wire_credential credential;
};

/* Checks the extension's data and returns the vector's content. */
MUST_CHECK enum err wire_external_senders_decode(struct span data,
						 struct span *list);
bool wire_external_senders_next(struct span *rest,
				struct wire_external_sender *sender);
void wire_external_sender_put(struct buf *b,
			      const struct wire_external_sender *sender);

#endif
