#include "store/objects_settings.h"

#include <string.h>

#include "base/settings.h"

/* Signed as it stands, so nothing in it is to be escaped. */
static bool is_url(const char *url)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._";
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
			: strncmp(url, "http://", 7) == 0 ? 7
							  : 0;
	const char *host = url + scheme, *path = strchr(host, '/');

	if (scheme == 0 || path == NULL || path == host || path[1] == '\0' ||
	    path[1] == '/')
		return false;
	for (const char *p = path; *p != '\0'; p++)
		if (*p == '/' ? p[1] == '/' || p[1] == '\0'
			      : strchr(plain, *p) == NULL)
			return false;
	return strpbrk(host, "@?# \t") == NULL;
}

bool objects_check(const struct objects_settings *settings, bool *given)
{
	*given = settings->url[0] != '\0';
	if (!*given)
		return true;
	if (!is_url(settings->url))
		return settings_complain("HERMETIC_OBJECTS_URL",
					 "must be http(s)://HOST/BUCKET, with "
					 "nothing in it that is to be escaped");
	if (settings->access_key[0] == '\0')
		return settings_complain(
		    "HERMETIC_OBJECTS_ACCESS_KEY",
		    "must be given with HERMETIC_OBJECTS_URL");
	if (settings->secret_key[0] == '\0')
		return settings_complain(
		    "HERMETIC_OBJECTS_SECRET_KEY",
		    "must be given with HERMETIC_OBJECTS_URL");
	if (settings->region[0] == '\0' || strlen(settings->region) > 40 ||
	    strpbrk(settings->region, ": /") != NULL)
		return settings_complain("HERMETIC_OBJECTS_REGION",
					 "must be the name of a region");
	return true;
}
