/* Commit and UpdatePath, RFC 9420 sections 7.6 and 12.4. */
#ifndef HERMETIC_WIRE_COMMIT_H
#define HERMETIC_WIRE_COMMIT_H

#include "wire/proposal.h"

struct wire_hpke_ciphertext {
	struct span kem_output;
	struct span ciphertext;
};

void wire_hpke_ciphertext_read(struct rd *r,
			       struct wire_hpke_ciphertext *ciphertext);
void wire_hpke_ciphertext_put(struct buf *b,
			      const struct wire_hpke_ciphertext *ciphertext);

struct wire_update_path_node {
	struct span encryption_key;
	struct span encrypted_path_secrets; /* content; HPKECiphertexts */
	size_t encrypted_path_secret_count;
};

struct wire_update_path {
	struct span encoded;
	struct wire_leaf_node leaf_node;
	struct span nodes; /* content; UpdatePathNodes */
	size_t node_count;
};

struct wire_proposal_or_ref {
	uint8_t type; /* enum wire_proposal_or_ref_type */
	struct wire_proposal proposal;
	struct span reference;
};

struct wire_commit {
	struct span encoded;
	struct span proposals; /* content; ProposalOrRefs */
	size_t proposal_count;
	bool has_path;
	struct wire_update_path path;
};

bool wire_hpke_ciphertexts_next(struct span *rest,
				struct wire_hpke_ciphertext *ciphertext);
bool wire_update_path_nodes_next(struct span *rest,
				 struct wire_update_path_node *node);
bool wire_proposals_next(struct span *rest, struct wire_proposal_or_ref *item);

void wire_update_path_read(struct rd *r, struct wire_update_path *path);
MUST_CHECK enum err wire_update_path_decode(struct span bytes,
					    struct wire_update_path *path);
void wire_commit_read(struct rd *r, struct wire_commit *commit);
MUST_CHECK enum err wire_commit_decode(struct span bytes,
				       struct wire_commit *commit);

/* These encode every nested struct from its fields. */
void wire_update_path_put(struct buf *b, const struct wire_update_path *path);
void wire_proposal_or_ref_put(struct buf *b,
			      const struct wire_proposal_or_ref *item);
void wire_commit_put(struct buf *b, const struct wire_commit *commit);

#endif
