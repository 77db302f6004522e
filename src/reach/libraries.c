#include "reach/libraries.h"

#include "crypto/library.h"
#include "device/record.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

enum err libraries_start(void)
{
	(void)pthread_once(&once, record_wipe_json);
	return library_start();
}
