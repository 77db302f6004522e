/*
 * Who acts in a group of mls/group.h: its keys, its credential, what it can, whom
 * it believes; and the KeyPackages that it gives to others.
 */
#ifndef HERMETIC_MLS_IDENTITY_H
#define HERMETIC_MLS_IDENTITY_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/sign.h"
#include "crypto/suite.h"
#include "mls/rules.h"

struct mls_epoch;
struct mls_group;
struct mls_staged;

/* An external pre-shared key (8.4): known under its id to all who use it. */
struct mls_external_psk {
	struct span id;
	struct span psk;
};

/* A credential and the key that it vouches for (5.3). Borrowed. */
struct mls_credential {
	uint16_t type;		  /* 17.5: 1 basic, 2 x509 */
	struct span identity;	  /* basic */
	struct span certificates; /* x509: opaque cert_data<V> one after
				     another, the end entity's first */
	struct span signature_key;
};

/*
 * The application's say in what takes effect. An answer other than ERR_OK
 * (ERR_PEER_DENIED, say) refuses what the function was asked about: the call
 * that asked fails with just that error, and the group is as it was. All
 * functions get `context`. Without `check` and `check_staged` everything is
 * accepted.
 */
struct mls_authentication {
	/*
	 * The Authentication Service (5.3.1): asked for every credential that
	 * is new, of members and of external senders, when it comes in a
	 * KeyPackage, a proposal, a commit or the tree of a group to join.
	 * `replaced` is the one that it follows in the same leaf, NULL where
	 * there is none. May be asked again for one that it has seen. For x509
	 * it also says whether the certificate is for the signature key.
	 */
	enum err (*check)(void *context,
			  const struct mls_credential *credential,
			  const struct mls_credential *replaced);
	void *context;
	/*
	 * Sees the whole of a change before it takes effect: a commit, of
	 * another member or of ours, before it is staged; a proposal by
	 * reference before it is kept; a group that we join before the caller
	 * gets it. The engine asks last, so the change is valid by RFC 9420 and
	 * by `check`, and asks once: a staged commit that comes back, or was
	 * saved and loaded, has been judged. `group` is the group before the
	 * change, for MLS_STAGED_GROUP the one to join; the function only reads
	 * it.
	 */
	enum err (*check_staged)(void *context, const struct mls_group *group,
				 const struct mls_staged *staged);
	/*
	 * What AppDataUpdates make of the data of a component in the GroupContext
	 * (draft-ietf-mls-extensions-10, 4.7): appends the new data, which all
	 * members must find the same. `now`: the data that is there, NULL: none.
	 * `count` 0: it is to be removed, nothing is appended. An error refuses the
	 * commit, ours or another's, also for a component that is not known. Also
	 * asked of each AppDataUpdate by itself before it is kept, where an error
	 * refuses the proposal; what it appends then takes no effect. A NULL function
	 * knows no component.
	 */
	enum err (*update_data)(void *context, uint16_t component,
				const struct span *now,
				const struct span *updates, size_t count,
				struct buf *data);
};

/* The first certificate of a credential's list, taken off it; false at the
 * end. */
bool mls_certificate_next(struct span *certificates, struct span *certificate);

/* Types of proposals (17.4) of draft-ietf-mls-extensions-10 that an identity may
 * list: data of the application's components, and a member that takes itself away. */
#define MLS_APP_DATA_UPDATE 0x0008
#define MLS_SELF_REMOVE 0x000A

/* The extension with such data (mls/components.h). A leaf that lists it has itself one,
 * with the component MLS_APP_COMPONENTS: otherwise ERR_LOCAL_BUG. */
#define MLS_APP_DATA_DICTIONARY 0x0006

/*
 * Threads of the caller's, for work of a call of which parts may be done at once: the
 * leaves of a group to join, whose signatures take most of that time. The engine has no
 * threads itself.
 */
struct mls_runner {
	/* Calls part(work, i) once for each i below `count`, in any threads and order,
	 * and returns when all have returned. `count` is `parts` at the most. A part
	 * calls none of the application's functions and changes nothing that another
	 * one reads. The call fails with ERR_LOCAL_BUG when a part was not called. */
	void (*run)(void *context, void (*part)(void *work, size_t i),
		    void *work, size_t count);
	void *context;
	size_t parts; /* as many as there are threads; at most MLS_PARTS_MAX */
};

/* Who acts. Borrowed for the call. */
struct mls_identity {
	const struct suite *suite;
	const struct rng *rng;
	uint64_t now; /* seconds since 1970, for lifetimes (7.2) */
	struct span credential_identity; /* BasicCredential.identity (5.3) */
	struct span certificates; /* or, when not empty, an x509 credential */
	/* The content of LeafNode.extensions (7.2): encoded Extension structs,
	 * may be empty. extension_types lists each type above 5. A call that
	 * makes a leaf fails with ERR_LOCAL_BUG where a type is not listed, or
	 * stands twice, or the list does not decode. A leaf that stands keeps
	 * its extensions until a commit or an Update names a `next`. */
	struct span leaf_extensions;
	bool accepts_x509; /* `authentication` can judge them */
	/* NULL: every credential is accepted. A group made or joined keeps a
	 * copy. */
	const struct mls_authentication *authentication;
	/* NULL: all is done in the thread of the call. */
	const struct mls_runner *runner;
	struct span signature_private; /* suite's signature key */
	struct span signature_public;
	/* Who signs in the place of signature_private, which is not looked at
	 * then: a token, say. A commit asks for up to four signatures, a
	 * KeyPackage and an Update for two; where one fails nothing has
	 * happened, and the call may be made again. NULL: the key above. */
	const struct sign_by *signer;
	/* The private key, parsed once for many calls (sign_private_parse()), which
	 * otherwise each parse it where the group has not: that derives the public
	 * half, as much work as a signature. signature_private is not looked at
	 * then. NULL: it is. With `signer` it is not looked at itself. */
	const struct sign_key *signature_parsed;
	/* Capabilities (7.2): suites in order of preference, and the
	 * non-default extension types that this client understands. */
	const uint16_t *cipher_suites;
	size_t cipher_suite_count;
	const uint16_t *extension_types;
	size_t extension_type_count;
	/* Capabilities, too: MLS_APP_DATA_UPDATE and MLS_SELF_REMOVE, and the types of the application's own
	 * proposals that it takes, of private use (0xF000 and above), otherwise
	 * ERR_LOCAL_BUG. */
	const uint16_t *proposal_types;
	size_t proposal_type_count;
	/* The content of KeyPackage.extensions (10): as leaf_extensions. */
	struct span key_package_extensions;
	uint64_t lifetime; /* seconds that a KeyPackage is good for */
	/* Where a call that gives a group, a KeyPackage or a message from outside
	 * says which rule is broken when it fails: MLS_RULE_NONE when it was no
	 * rule. NULL: nowhere. */
	enum mls_rule *broken;
	/* Likewise where a call that gives a group says why `authentication`
	 * refused it; see mls_staged.refusal. */
	const char **refusal;
	/* Application messages are padded so that their ciphertexts are a
	 * multiple of so many bytes (6.3.1, 15.1): it hides lengths. 0: not. */
	uint32_t padding;
	/* A successor by ReInit has the same members "according to the application"
	 * (12.4.3.1): it compares them itself. False: they have the same
	 * credentials. */
	bool compares_successors;
	/* Known when a group is made or joined; it keeps a copy. */
	const struct mls_external_psk *psks;
	size_t psk_count;
};

/* The private half of a KeyPackage (section 10): kept by its maker until a
 * Welcome used it or it expired. */
struct mls_key_package_secrets {
	struct sec init_private;
	struct sec encryption_private;
};

void mls_key_package_secrets_clear(struct mls_key_package_secrets *secrets);

/* Appends an encoded KeyPackage (not wrapped in MLSMessage) to `key_package`.
 * A last-resort one carries the last_resort extension. */
MUST_CHECK enum err mls_key_package_create(
    const struct mls_identity *me, bool last_resort,
    struct mls_key_package_secrets *secrets, struct buf *key_package);

/* KeyPackageRef (5.2), nh bytes appended. */
MUST_CHECK enum err mls_key_package_ref(const struct suite *suite,
					struct span key_package,
					struct buf *ref);

/* The KeyPackageRefs that a Welcome (encoded MLSMessage) is for: calls `each`
 * until it returns false. */
MUST_CHECK enum err mls_welcome_each_ref(struct span welcome,
					 bool (*each)(void *context,
						      struct span ref),
					 void *context);

#endif
