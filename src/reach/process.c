#include "reach/process.h"

#include "crypto/library.h"
#include "device/record.h"

#include <curl/curl.h>

enum err process_start(void)
{
	record_wipe_json();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_LOCAL_MEMORY;
	return library_start();
}

void process_end(void)
{
	curl_global_cleanup();
}
