#include "store/objects.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	TICK_MS = 100,
	CONNECT_MS = 5000,
	CONNECTIONS_MAX = 16,
	REFUSAL_MAX = 4096 /* bytes that are read of why a DROP was refused */
};

struct objects {
	const struct store_loop *loop;
	struct objects_settings settings;
	objects_hash *hash;
	char signing[80]; /* what libcurl signs by */
	CURLM *multi;
	uint64_t
	    due_ms; /* steady clock: when libcurl wants to be called; 0: not */
	bool later; /* it is called in this turn */
};

enum kind { PUT, GET, DROP };

static const char *const names[] = {
	[PUT] = "put", [GET] = "get", [DROP] = "drop"
};

struct request {
	enum kind kind;
	CURL *easy;
	struct curl_slist *headers;
	struct buf url, got;
	size_t want; /* bytes of a GET; of a DROP: at most */
	objects_done *done;
	void *arg;
};

/* A descriptor that libcurl has asked to be watched. */
struct watched {
	struct objects *objects;
	curl_socket_t fd;
};

/* ---- what comes of a request ---- */

/* Of a bucket that is not there, and by a gateway, a 404 says nothing of the object. */
static bool says_no_such_key(struct span answer)
{
	static const char code[] = "<Code>NoSuchKey</Code>";

	return answer.n > 0 &&
	       memmem(answer.p, answer.n, code, sizeof(code) - 1) != NULL;
}

/* The store has refused it. Not so where it, or a gateway, wants to be asked again: of
 * one that was asked before nobody knows what it has done. */
static bool is_refusal(long status)
{
	return status >= 400 && status < 500 && status != 408 &&
	       status != 425 && status != 429;
}

static enum err judge_status(const struct request *r, long status)
{
	switch (r->kind) {
	case PUT:
		if (status == 200 || status == 201 || status == 204)
			return ERR_OK;
		break;
	case GET:
		if ((status == 200 || status == 206) && r->got.n == r->want)
			return ERR_OK;
		return ERR_LOCAL_IO;
	case DROP:
		if ((status >= 200 && status < 300) ||
		    (status == 404 && says_no_such_key(buf_span(&r->got))))
			return ERR_OK;
		break;
	}
	/* what a gateway says of a store that it has asked is no answer of it */
	return is_refusal(status) ? ERR_LOCAL_BUSY : ERR_LOCAL_IO;
}

static enum err judge(const struct request *r, CURLcode code)
{
	long status = 0;
	enum err e;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && r->got.fail == ERR_OK)
		e = judge_status(r, status);
	else if (code == CURLE_COULDNT_RESOLVE_HOST ||
		 code == CURLE_COULDNT_CONNECT ||
		 code == CURLE_PEER_FAILED_VERIFICATION)
		e = ERR_LOCAL_BUSY;
	else
		e = ERR_LOCAL_IO;
	if (e != ERR_OK)
		LOG(WARN, "the store of objects failed",
		    LOG_STR("act", names[r->kind]),
		    LOG_NUM("status", (uint64_t)status),
		    LOG_STR("why", curl_easy_strerror(code)));
	return e;
}

static void free_request(struct request *r)
{
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	buf_clear(&r->url);
	buf_clear(&r->got);
	free(r);
}

static void finish(struct objects *o, struct request *r, CURLcode code)
{
	enum err e = judge(r, code);

	(void)curl_multi_remove_handle(o->multi, r->easy);
	r->done(r->arg, e,
		e == ERR_OK && r->kind == GET ? buf_span(&r->got) : SPAN_EMPTY);
	free_request(r);
}

/* `done` may ask for more. */
static void collect(struct objects *o)
{
	struct request *r = NULL;
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(o->multi, &left)) != NULL) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
					(char **)&r);
		finish(o, r, code);
	}
}

/* ---- libcurl on the loop ---- */

static void act(struct objects *o, curl_socket_t fd, int events)
{
	int running;

	(void)curl_multi_socket_action(o->multi, fd, events, &running);
	collect(o);
}

static void on_ready(void *arg, unsigned events)
{
	const struct watched *w = arg;

	act(w->objects, w->fd,
	    (events & STORE_READ ? CURL_CSELECT_IN : 0) |
		(events & STORE_WRITE ? CURL_CSELECT_OUT : 0));
}

static void act_in_time(struct objects *o)
{
	o->due_ms = 0;
	act(o, CURL_SOCKET_TIMEOUT, 0);
}

static void on_later(void *arg)
{
	struct objects *o = arg;

	o->later = false;
	act_in_time(o);
}

static void on_tick(void *arg)
{
	struct objects *o = arg;

	if (o->due_ms != 0 && clock_steady_ms() >= o->due_ms)
		act_in_time(o);
}

static int on_timer(CURLM *multi, long ms, void *context)
{
	struct objects *o = context;

	(void)multi;
	o->due_ms = ms < 0 ? 0 : clock_steady_ms() + (uint64_t)ms;
	if (ms == 0 && !o->later) {
		o->later = true;
		o->loop->later(o->loop->context, 0, on_later, o);
	}
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
		     void *given)
{
	struct objects *o = context;
	struct watched *w = given;
	unsigned events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		o->loop->forget(o->loop->context, fd);
		(void)curl_multi_assign(o->multi, fd, NULL);
		free(w);
		return 0;
	}
	if (w == NULL) {
		w = malloc(sizeof(*w));
		if (w == NULL)
			return -1;
		*w = (struct watched){ o, fd };
		(void)curl_multi_assign(o->multi, fd, w);
	}
	events |= what & CURL_POLL_IN ? STORE_READ : 0u;
	events |= what & CURL_POLL_OUT ? STORE_WRITE : 0u;
	o->loop->watch(o->loop->context, fd, events, on_ready, w);
	return 0;
}

enum err objects_open(const struct store_loop *loop,
		      const struct objects_settings *settings,
		      objects_hash *hash, struct objects **out)
{
	struct objects *o = calloc(1, sizeof(*o));
	enum err e = ERR_OK;

	ENSURE(o != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK,
	       ERR_LOCAL_MEMORY);
	o->loop = loop;
	o->settings = *settings;
	o->hash = hash;
	(void)snprintf(o->signing, sizeof(o->signing), "aws:amz:%s:s3",
		       settings->region);
	o->multi = curl_multi_init();
	ENSURE(o->multi != NULL, ERR_LOCAL_MEMORY);
	(void)curl_multi_setopt(o->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(o->multi, CURLMOPT_SOCKETDATA, o);
	(void)curl_multi_setopt(o->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	(void)curl_multi_setopt(o->multi, CURLMOPT_TIMERDATA, o);
	(void)curl_multi_setopt(o->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
				(long)CONNECTIONS_MAX);
	loop->every(loop->context, TICK_MS, on_tick, o);
	*out = o;
	o = NULL;
out:
	free(o);
	return e;
}

/* ---- requests ---- */

/* Of a GET more than is wanted is no answer. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct request *r = context;
	size_t room = r->want - r->got.n;

	n *= size;
	if (r->kind == GET && n > room)
		return 0;
	buf_put(&r->got, span_of(bytes, n < room ? n : room));
	return n;
}

static bool add_header(struct request *r, const char *header)
{
	struct curl_slist *more = curl_slist_append(r->headers, header);

	if (more != NULL)
		r->headers = more;
	return more != NULL;
}

static bool set(const struct objects *o, struct request *r)
{
	CURL *easy = r->easy;

	return curl_easy_setopt(easy, CURLOPT_URL, (const char *)r->url.p) ==
		   CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PRIVATE, r) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes) ==
		   CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, r) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ==
		   CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
				CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       /* the environment's is for people's programs */
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
				(long)CONNECT_MS) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)OBJECTS_SECONDS) ==
		   CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, o->signing) ==
		   CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERNAME,
				o->settings.access_key) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PASSWORD,
				o->settings.secret_key) == CURLE_OK &&
	       (o->settings.ca[0] == '\0' ||
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->settings.ca) ==
		    CURLE_OK);
}

/* libcurl signs all headers that it is given. */
static bool add_hash(const struct objects *o, struct request *r,
		     struct span body)
{
	struct buf header = BUF_INIT;
	struct digest hash;
	bool added;

	if (o->hash(body, &hash) != ERR_OK)
		return false;
	buf_put_str(&header, "x-amz-content-sha256: ");
	digest_put(&header, hash);
	buf_put_u8(&header, 0);
	added = buf_end(&header) == ERR_OK &&
		add_header(r, (const char *)header.p) &&
		curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers) ==
		    CURLE_OK;
	buf_clear(&header);
	return added;
}

static struct request *begin(struct objects *o, enum kind kind, struct uuid id,
			     struct span body, objects_done *done, void *arg)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->kind = kind;
	r->done = done;
	r->arg = arg;
	r->easy = curl_easy_init();
	buf_put_str(&r->url, o->settings.url);
	buf_put_u8(&r->url, '/');
	uuid_put(&r->url, id);
	buf_put_u8(&r->url, 0);
	if (r->easy != NULL && buf_end(&r->url) == ERR_OK && set(o, r) &&
	    (kind != PUT ||
	     add_header(r, "Content-Type: application/octet-stream")) &&
	    add_hash(o, r, body))
		return r;
	free_request(r);
	return NULL;
}

static enum err ask(struct objects *o, struct request *r, bool good)
{
	if (good && curl_multi_add_handle(o->multi, r->easy) == CURLM_OK)
		return ERR_OK;
	free_request(r);
	return ERR_LOCAL_MEMORY;
}

enum err objects_put(struct objects *o, struct uuid id, struct span bytes,
		     objects_done *done, void *arg)
{
	struct request *r = begin(o, PUT, id, bytes, done, arg);

	if (r == NULL)
		return ERR_LOCAL_MEMORY;
	return ask(o, r,
		   curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				    (curl_off_t)bytes.n) == CURLE_OK &&
		       curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, bytes.p) ==
			   CURLE_OK &&
		       curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST,
					"PUT") == CURLE_OK);
}

enum err objects_get(struct objects *o, struct uuid id, uint64_t from, size_t n,
		     objects_done *done, void *arg)
{
	struct request *r = begin(o, GET, id, SPAN_EMPTY, done, arg);
	char range[48];

	if (r == NULL)
		return ERR_LOCAL_MEMORY;
	r->want = n;
	(void)snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, from,
		       from + n - 1);
	return ask(o, r,
		   buf_reserve(&r->got, n) != NULL &&
		       curl_easy_setopt(r->easy, CURLOPT_RANGE, range) ==
			   CURLE_OK);
}

enum err objects_drop(struct objects *o, struct uuid id, objects_done *done,
		      void *arg)
{
	struct request *r = begin(o, DROP, id, SPAN_EMPTY, done, arg);

	if (r == NULL)
		return ERR_LOCAL_MEMORY;
	r->want = REFUSAL_MAX;
	return ask(o, r,
		   curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, "DELETE") ==
		       CURLE_OK);
}
