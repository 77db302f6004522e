/* What is handed over to a new device: whatever it is, only records of its kinds are
 * written, with names that fit. */
#include <string.h>

#include "device/accounts/handover.h"
#include "fuzz.h"

static enum err get(void *context, const char *name, struct buf *value)
{
	(void)context;
	(void)name;
	(void)value;
	return ERR_STATE_GONE;
}

static enum err put(void *context, const char *name, struct span value)
{
	(void)context;
	(void)value;
	if (strlen(name) > 170 ||
	    (strncmp(name, "name/", 5) != 0 &&
	     strncmp(name, "account/", 8) != 0 &&
	     strncmp(name, "branch/", 7) != 0 &&
	     strncmp(name, "pin/", 4) != 0 && strcmp(name, "people") != 0 &&
	     strcmp(name, "coming") != 0))
		__builtin_trap();
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct device_store store = { .get = get, .put = put };
	static struct device device = { .ports = { .store = &store } };

	enum err e = handover_take(&device, span_of(data, size));

	(void)e;
	return 0;
}
