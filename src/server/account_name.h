/* How a request names an account: by its user name, or by its fingerprint, which
 * stays when the name has gone: 64 hexadecimal digits, longer than any name. */
#ifndef HERMETIC_SERVER_ACCOUNT_NAME_H
#define HERMETIC_SERVER_ACCOUNT_NAME_H

#include "base/digest.h"
#include "check/account.h"
#include "store/rows.h"

struct account_name {
	struct span username; /* empty: it is a fingerprint; borrowed */
	bool is_fingerprint;
	struct digest fingerprint;
};

struct account_name account_name_of(struct span text);

/* Appends "MEMBER":"alice", and behind it "fingerprint":"…" where the account has a log:
 * of a row with `username` and `fingerprint`. */
void account_name_put(struct buf *out, const char *member, struct rows *rows,
		      size_t i);

#endif
