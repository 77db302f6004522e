#include "reach/api.h"

#include "reach/api_parts.h"

#include "base/clock.h"
#include "base/sec.h"
#include "reach/pause.h"
#include "reach/problem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000L
#define ANSWER_TIMEOUT_MS 60000L
#define ANSWER_MAX (64u << 20)
#define BUSY_RETRIES 4

void api_answer_clear(struct api_answer *answer)
{
	json_decref(answer->body);
	memset(answer, 0, sizeof(*answer));
}

/* ---- where the server is ---- */

static bool is_this_machine(const char *host, size_t n)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
					     "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_equal(span_of(host, n), span_str(names[i])))
			return true;
	return false;
}

/* host[:port], and nothing that a URL would read as something else. */
static bool authority_is_sane(const char *text, size_t n)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789.-_:[]%";

	return n > 0 && n < 256 && strspn(text, allowed) >= n;
}

/* The length of the host within host[:port]. */
static size_t host_length(const char *text, size_t n)
{
	const char *end = text[0] == '[' ? memchr(text, ']', n) : NULL;

	if (end != NULL)
		return (size_t)(end - text) + 1;
	end = memchr(text, ':', n);
	return end != NULL ? (size_t)(end - text) : n;
}

enum err api_base_url(const char *server, struct buf *url)
{
	const char *scheme = NULL, *rest = server;
	size_t n;

	if (strncmp(server, "http://", 7) == 0) {
		scheme = "http://";
		rest += 7;
	} else if (strncmp(server, "https://", 8) == 0) {
		scheme = "https://";
		rest += 8;
	}
	n = strcspn(rest, "/?#");
	if (!authority_is_sane(rest, n) || strchr(rest, '?') != NULL ||
	    strchr(rest, '#') != NULL || strchr(rest, '@') != NULL)
		return ERR_PEER_MALFORMED;
	if (scheme == NULL && rest[n] != '\0' && rest[n + 1] != '\0')
		return ERR_PEER_MALFORMED; /* a path wants a scheme */
	if (scheme == NULL)
		scheme = is_this_machine(rest, host_length(rest, n))
			     ? "http://"
			     : "https://";
	buf_put_str(url, scheme);
	buf_put_str(url, rest);
	while (url->n > 0 && url->p[url->n - 1] == '/')
		url->n--;
	return buf_end(url);
}

/* ---- the handle ---- */

static void forget_token(struct api *api)
{
	if (api->token != NULL)
		sec_wipe(api->token, strlen(api->token));
	free(api->token);
	api->token = NULL;
}

enum err api_open(const char *server, const char *ca, struct api **out)
{
	struct api *api = calloc(1, sizeof(*api));
	struct buf url = BUF_INIT;
	enum err e;

	ENSURE(api != NULL, ERR_LOCAL_MEMORY);
	TRY(api_base_url(server, &url));
	buf_put_u8(&url, 0);
	TRY(buf_end(&url));
	api->base = strdup((const char *)url.p);
	api->ca = ca;
	api->curl = curl_easy_init();
	ENSURE(api->base != NULL && api->curl != NULL, ERR_LOCAL_MEMORY);
	*out = api;
	api = NULL;
out:
	buf_clear(&url);
	api_close(api);
	return e;
}

void api_close(struct api *api)
{
	if (api == NULL)
		return;
	if (api->curl != NULL)
		curl_easy_cleanup(api->curl);
	forget_token(api);
	free(api->base);
	free(api);
}

const char *api_url(const struct api *api)
{
	return api->base;
}

enum err api_set_token(struct api *api, const char *token)
{
	char *copy = token != NULL ? strdup(token) : NULL;

	if (token != NULL && copy == NULL)
		return ERR_LOCAL_MEMORY;
	forget_token(api);
	api->token = copy;
	return ERR_OK;
}

const char *api_token(const struct api *api)
{
	return api->token != NULL ? api->token : "";
}

/* ---- one exchange ---- */

static size_t take_bytes(char *p, size_t size, size_t n, void *context)
{
	struct buf *answer = context;

	if (n > ANSWER_MAX - answer->n)
		return 0;
	buf_put(answer, span_of(p, size * n));
	return answer->fail == ERR_OK ? n : 0;
}

struct curl_slist *api_parts_authorize(const struct api *api,
				       struct curl_slist *list)
{
	struct buf line = BUF_INIT;

	if (api->token != NULL) {
		buf_putf(&line, "Authorization: Bearer %s", api->token);
		buf_put_u8(&line, 0);
		if (buf_end(&line) == ERR_OK)
			list = curl_slist_append(list, (const char *)line.p);
	}
	buf_clear(&line);
	return list;
}

static struct curl_slist *make_headers(const struct api *api, bool has_body)
{
	struct curl_slist *list =
	    curl_slist_append(NULL, "Accept: application/json, "
				    "application/problem+json");

	/* no "Expect: 100-continue": it costs a round trip */
	list = curl_slist_append(list, "Expect:");
	if (has_body)
		list =
		    curl_slist_append(list, "Content-Type: application/json");
	return api_parts_authorize(api, list);
}

void api_parts_free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l != NULL; l = l->next)
		sec_wipe(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

void api_parts_begin(struct api *api, const char *method, const char *url,
		     struct curl_slist *headers)
{
	CURL *c = api->curl;

	curl_easy_reset(c); /* keeps the connection */
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	if (api->ca != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, api->ca);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "hermetic");
}

static int on_wait(void *context, curl_off_t to_get, curl_off_t got,
		   curl_off_t to_give, curl_off_t given)
{
	const uint64_t *since = context;

	(void)to_get;
	(void)got;
	(void)to_give;
	(void)given;
	return pause_is_over(*since) ? 1 : 0;
}

static CURLcode exchange(struct api *api, const char *method, const char *url,
			 const char *body, struct buf *raw, long *status)
{
	struct curl_slist *headers = make_headers(api, body != NULL);
	uint64_t since = clock_steady_ms();
	CURL *c = api->curl;
	CURLcode rc;

	api_parts_begin(api, method, url, headers);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_wait);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, &since);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (body != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)strlen(body));
	}
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, raw);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ANSWER_TIMEOUT_MS);
	rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	api_parts_free_headers(headers);
	return rc;
}

/* A Date says whole seconds: within its second the clocks agree. */
static int64_t read_clock(struct api *api)
{
	int64_t now = (int64_t)clock_now_ms(), date;
	struct curl_header *header;
	time_t seconds;

	if (curl_easy_header(api->curl, "Date", 0, CURLH_HEADER, -1, &header) !=
	    CURLHE_OK)
		return 0;
	seconds = curl_getdate(header->value, NULL);
	if (seconds <= 0 || seconds > INT64_MAX / 1000)
		return 0;
	date = (int64_t)seconds * 1000;
	if (now < date)
		return date - now;
	return now < date + 1000 ? 0 : date + 999 - now;
}

static enum err refuse_answer(const struct api *api, struct why *why)
{
	return why_set(why, ERR_PEER_MALFORMED, "bad-answer",
		       "%s does not answer like a server of Hermetic.",
		       api->base);
}

enum err api_parts_explain(const struct api *api, CURLcode rc, struct why *why)
{
	if (rc == CURLE_OUT_OF_MEMORY)
		return ERR_LOCAL_MEMORY;
	if (rc == CURLE_WRITE_ERROR)
		return why_set(why, ERR_PEER_TOO_LARGE, "bad-answer",
			       "%s answers with too much: more than %u MB.",
			       api->base, ANSWER_MAX >> 20);
	if (rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_UNSUPPORTED_PROTOCOL)
		return refuse_answer(api, why);
	why->unreachable = true;
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return why_set(why, ERR_LOCAL_IO, "unreachable",
			       "%s does not answer.", api->base);
	if (rc == CURLE_PEER_FAILED_VERIFICATION ||
	    rc == CURLE_SSL_CACERT_BADFILE)
		return why_set(why, ERR_LOCAL_IO, "not-trusted",
			       "Cannot be sure of %s: %s.", api->base,
			       curl_easy_strerror(rc));
	return why_set(
	    why, ERR_LOCAL_IO, "unreachable",
	    "Cannot reach %s: %s. Is the server running, and at that address?",
	    api->base, curl_easy_strerror(rc));
}

/* A server that is overloaded or starting answers 503 without having done
 * anything: those, and only those, are worth asking again. */
static CURLcode exchange_patiently(struct api *api, const char *method,
				   const char *url, const char *body,
				   struct buf *raw, long *status)
{
	CURLcode rc = CURLE_OK;

	for (unsigned i = 0; i <= BUSY_RETRIES; i++) {
		buf_reset(raw);
		*status = 0;
		rc = exchange(api, method, url, body, raw, status);
		if (rc != CURLE_OK || *status != 503 || i == BUSY_RETRIES)
			break;
		(void)usleep((useconds_t)(100000u << i));
	}
	return rc;
}

enum err api_parts_read(struct api *api, struct buf *raw, struct why *why,
			struct api_answer *answer)
{
	if (raw->n > 0)
		answer->body = json_loadb((const char *)raw->p, raw->n,
					  JSON_REJECT_DUPLICATES, NULL);
	if (answer->body != NULL && !json_is_object(answer->body)) {
		json_decref(answer->body);
		answer->body = NULL;
	}
	if (answer->status < 200 || answer->status > 299)
		return problem_read(answer->status, answer->body, why,
				    answer->slug);
	if (raw->n > 0 && answer->body == NULL)
		return refuse_answer(api, why);
	return ERR_OK;
}

enum err api_call(struct api *api, const char *method, const char *path,
		  json_t *body, struct why *why, struct api_answer *answer)
{
	struct buf url = BUF_INIT, raw = BUF_INIT;
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	CURLcode rc;
	enum err e;

	memset(answer, 0, sizeof(*answer));
	ENSURE(body == NULL || text != NULL, ERR_LOCAL_MEMORY);
	buf_putf(&url, "%s%s", api->base, path);
	buf_put_u8(&url, 0);
	TRY(buf_end(&url));
	rc = exchange_patiently(api, method, (const char *)url.p, text, &raw,
				&answer->status);
	if (rc != CURLE_OK)
		TRY(api_parts_explain(api, rc, why));
	answer->clock_ahead_ms = read_clock(api);
	TRY(buf_end(&raw));
	TRY(api_parts_read(api, &raw, why, answer));
out:
	json_decref(body);
	if (text != NULL)
		sec_wipe(text, strlen(text));
	free(text);
	buf_clear(&url);
	buf_clear(&raw);
	return e;
}
