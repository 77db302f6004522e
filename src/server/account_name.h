/* How a request names an account: by its user name, or by its fingerprint, which
 * stays when the name has gone: 64 hexadecimal digits, longer than any name. */
#ifndef HERMETIC_SERVER_ACCOUNT_NAME_H
#define HERMETIC_SERVER_ACCOUNT_NAME_H

#include "base/digest.h"
#include "check/account.h"

struct account_name {
	struct span username; /* empty: it is a fingerprint; borrowed */
	bool is_fingerprint;
	struct digest fingerprint;
};

struct account_name account_name_of(struct span text);

#endif
