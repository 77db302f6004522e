#include "mls/signer.h"

enum err signer_of(const struct mls_identity *me, struct sign_key **signer)
{
	if (me->signer != NULL)
		return sign_key_by(me->suite, me->signer, me->signature_public,
				   signer);
	if (me->signature_parsed == NULL)
		return sign_private_parse(me->suite, me->signature_private,
					  signer);
	*signer = sign_key_share(me->signature_parsed);
	return *signer != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}
