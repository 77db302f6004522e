#include "mls/signer.h"

enum err signer_of(const struct mls_identity *me, struct sign_key **signer)
{
	return me->signer != NULL
		   ? sign_key_by(me->suite, me->signer, me->signature_public,
				 signer)
		   : sign_private_parse(me->suite, me->signature_private,
					signer);
}
