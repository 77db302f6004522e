/* Internal to src/reach: what api.c and api_stream.c have in common. */
#ifndef HERMETIC_REACH_API_PARTS_H
#define HERMETIC_REACH_API_PARTS_H

#include "reach/api.h"

#include <curl/curl.h>

struct api {
	CURL *curl;
	char *base;
	char *token;
	const char *ca;
};

/* Adds the token to the list. */
struct curl_slist *api_parts_authorize(const struct api *api,
				       struct curl_slist *list);
/* Wipes it. */
void api_parts_free_headers(struct curl_slist *list);

/* What every request sets. */
void api_parts_begin(struct api *api, const char *method, const char *url,
		     struct curl_slist *headers);

/* What went wrong before there was an answer. */
MUST_CHECK enum err api_parts_explain(const struct api *api, CURLcode rc,
				      struct why *why);

/* The answer's body, whose status is known. */
MUST_CHECK enum err api_parts_read(struct api *api, struct buf *raw,
				   struct why *why, struct api_answer *answer);

#endif
