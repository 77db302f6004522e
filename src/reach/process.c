#include "reach/process.h"

#include "reach/libraries.h"

#include <curl/curl.h>

enum err process_start(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_LOCAL_MEMORY;
	return libraries_start();
}
