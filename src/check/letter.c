#include "check/letter.h"

#include "check/label.h"

enum err check_letter(const struct letter *letter,
		      const struct account_log *log)
{
	struct account_device device;
	enum err e;

	ENSURE(span_equal(account_log_fingerprint(log), letter->by) &&
		   account_log_closed(log) == 0 &&
		   account_log_device(log, letter->device, &device) &&
		   device.removed == 0,
	       ERR_PEER_DENIED);
	TRY(check_label(account_link_suite(), device.link_key, LETTER_LABEL,
			letter->unsigned_part, letter->signature));
out:
	return e;
}
