#include "base/err.h"

/* A layer may keep a detail in the upper half on its way to its edge. */
enum { CODE = 0xffff };

enum err_class err_class(enum err detailed)
{
	enum err e = (enum err)((unsigned)detailed & CODE);

	if (e == ERR_OK)
		return ERR_CLASS_OK;
	if (e < ERR_STATE_EPOCH)
		return ERR_CLASS_PEER;
	if (e < ERR_LOCAL_MEMORY)
		return ERR_CLASS_STATE;
	return ERR_CLASS_LOCAL;
}

const char *err_text(enum err e)
{
	switch (e) {
	case ERR_OK:
		return "no error";
	case ERR_PEER_MALFORMED:
		return "malformed input";
	case ERR_PEER_TOO_LARGE:
		return "input too large";
	case ERR_PEER_UNSUPPORTED:
		return "not supported here";
	case ERR_PEER_INVALID:
		return "input breaks a rule of the protocol";
	case ERR_PEER_CRYPTO:
		return "decryption or verification failed";
	case ERR_PEER_DENIED:
		return "not allowed";
	case ERR_PEER_DOWNGRADE:
		return "a better algorithm was withheld";
	case ERR_PEER_FORK:
		return "the histories differ";
	case ERR_STATE_EPOCH:
		return "not the current epoch";
	case ERR_STATE_REPLAY:
		return "seen before";
	case ERR_STATE_GONE:
		return "no longer there";
	case ERR_STATE_PENDING:
		return "a staged change is pending";
	case ERR_STATE_CONFLICT:
		return "somebody else was first";
	case ERR_STATE_EXPIRED:
		return "not kept any more";
	case ERR_STATE_ACCOUNTS:
		return "the log of an account has to be read first";
	case ERR_STATE_UNCOMMITTED:
		return "proposals wait for a commit";
	case ERR_LOCAL_MEMORY:
		return "out of memory";
	case ERR_LOCAL_CRYPTO:
		return "cryptographic library failed";
	case ERR_LOCAL_IO:
		return "input or output failed";
	case ERR_LOCAL_CONFIG:
		return "configuration is wrong";
	case ERR_LOCAL_BUG:
		return "internal error";
	case ERR_LOCAL_DATABASE:
		return "what the database holds breaks a rule of the protocol";
	case ERR_LOCAL_BUSY:
		return "too busy";
	}
	return "unknown error";
}
