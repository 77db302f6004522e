/* Requests whose body, or whose answer, does not fit into memory. */
#include "reach/api.h"

#include "base/text.h"
#include "reach/api_parts.h"

#include <string.h>

#define PROBLEM_MAX 65536 /* bytes */
#define SILENCE_S 60L	  /* so long nothing passes, and it has ended */

struct passing {
	struct api *api;
	const struct api_stream *stream;
	struct buf raw; /* of an answer that is none of 2xx */
	bool ended, broken;
};

static size_t give(char *to, size_t size, size_t n, void *context)
{
	struct passing *p = context;
	size_t given =
	    p->stream->give(p->stream->context, (uint8_t *)to, size * n);

	if (given != SIZE_MAX)
		return given;
	p->broken = true;
	return CURL_READFUNC_ABORT;
}

static size_t take(char *from, size_t size, size_t n, void *context)
{
	struct passing *p = context;
	struct span bytes = span_of(from, size * n);
	long status = 0;

	(void)curl_easy_getinfo(p->api->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300 && p->stream->take != NULL) {
		if (p->stream->take(p->stream->context, status == 206, bytes))
			return n;
		p->broken = true;
		return 0;
	}
	if (bytes.n > PROBLEM_MAX - p->raw.n)
		return 0;
	buf_put(&p->raw, bytes);
	return p->raw.fail == ERR_OK ? n : 0;
}

static int on_progress(void *context, curl_off_t to_get, curl_off_t got,
		       curl_off_t to_give, curl_off_t given)
{
	struct passing *p = context;

	(void)to_get;
	(void)got;
	(void)to_give;
	(void)given;
	if (p->stream->goes_on == NULL ||
	    p->stream->goes_on(p->stream->context))
		return 0;
	p->ended = true;
	return 1;
}

static struct curl_slist *make_headers(const struct passing *p)
{
	const char *const *lines = p->stream->headers;
	struct curl_slist *list =
	    curl_slist_append(NULL, "Accept: application/octet-stream, "
				    "application/problem+json");

	for (size_t i = 0; lines != NULL && lines[i] != NULL; i++)
		list = curl_slist_append(list, lines[i]);
	return api_parts_authorize(p->api, list);
}

static CURLcode pass(struct passing *p, const char *url, long *status)
{
	struct curl_slist *headers = make_headers(p);
	const struct api_stream *s = p->stream;
	CURL *c = p->api->curl;
	CURLcode rc;

	api_parts_begin(p->api, s->method, url, headers);
	if (strcmp(s->method, "HEAD") == 0)
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (s->give != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, p);
		(void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
				       (curl_off_t)s->length);
	}
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, p);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, p);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
	rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	api_parts_free_headers(headers);
	return rc;
}

static enum err explain(const struct passing *p, CURLcode rc, struct why *why)
{
	if (p->ended)
		return why_set(why, ERR_LOCAL_IO, "interrupted",
			       "It was interrupted. It goes on from there when "
			       "it is asked for again.");
	if (p->broken)
		return why_set(why, ERR_LOCAL_IO, "file",
			       "A file cannot be read or written, or the "
			       "server sends more than it has.");
	return api_parts_explain(p->api, rc, why);
}

enum err api_pass(struct api *api, const struct api_stream *stream,
		  struct why *why, struct api_answer *answer)
{
	struct passing p = { api, stream, BUF_INIT, false, false };
	struct buf url = BUF_INIT;
	CURLcode rc;
	enum err e;

	memset(answer, 0, sizeof(*answer));
	buf_putf(&url, "%s%s", api->base, stream->path);
	buf_put_u8(&url, 0);
	TRY(buf_end(&url));
	rc = pass(&p, (const char *)url.p, &answer->status);
	/* a server that refuses does not wait for the body */
	if (rc != CURLE_OK && (p.ended || p.broken || answer->status < 400))
		TRY(explain(&p, rc, why));
	TRY(buf_end(&p.raw));
	TRY(api_parts_read(api, &p.raw, why, answer));
out:
	buf_clear(&url);
	buf_clear(&p.raw);
	return e;
}

bool api_header(const struct api *api, const char *name, uint64_t *number)
{
	struct curl_header *header;

	return curl_easy_header(api->curl, name, 0, CURLH_HEADER, -1,
				&header) == CURLHE_OK &&
	       text_parse_u64(number, span_str(header->value), INT64_MAX) ==
		   ERR_OK;
}
