/* GET / and /web/{folder}/{file}: the page for browsers, where HERMETIC_WEB is 1. */
#include <stdlib.h>

#include "server/answer.h"
#include "server/edge/conditional.h"
#include "server/routes_table.h"
#include "server/web_files.h"

enum { PIECE = 65536 }; /* bytes that wait for one client */

/* A file that is on its way to a client. */
struct giving {
	struct request *req;
	struct span left;
};

static void finish(struct giving *g)
{
	request_end_answer(g->req);
	free(g);
}

static void more(void *arg)
{
	struct giving *g = arg;
	size_t n = g->left.n < PIECE ? g->left.n : PIECE;

	request_put(g->req, span_of(g->left.p, n));
	g->left = span_of(g->left.p + n, g->left.n - n);
	if (g->left.n == 0)
		finish(g);
}

static void on_cut(void *arg)
{
	finish(arg);
}

/* The shortest of those that the client can read. */
static enum web_coding choose(struct request *req, const struct web_file *file)
{
	static const char *const NAMES[WEB_CODINGS] = {
		[WEB_GZIP] = "gzip", [WEB_BROTLI] = "br"
	};
	enum web_coding best = WEB_PLAIN;

	request_add(req, "Vary", "Accept-Encoding");
	for (size_t i = WEB_PLAIN + 1; i < WEB_CODINGS; i++)
		if (file->codings[i].n > 0 &&
		    file->codings[i].n < file->codings[best].n &&
		    request_list_has(req, "Accept-Encoding", NAMES[i]))
			best = (enum web_coding)i;
	if (best != WEB_PLAIN)
		request_add(req, "Content-Encoding", NAMES[best]);
	return best;
}

void web_file(const struct call *call)
{
	static const struct request_giver giver = { more, on_cut };
	struct request *req = call->req;
	const struct web_file *file = web_files_find(
	    request_param(req, "folder"), request_param(req, "file"));
	struct giving *g;

	if (file == NULL) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
		return;
	}
	g = calloc(1, sizeof(*g));
	if (g == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	*g = (struct giving){ req, file->codings[choose(req, file)] };
	/* its folder is another one when a byte of it is */
	request_add(req, "Cache-Control",
		    "public, max-age=31536000, immutable");
	request_add(req, "X-Content-Type-Options", "nosniff");
	request_add(req, "Cross-Origin-Resource-Policy", "same-origin");
	request_begin_answer(req, 200, file->type, g->left.n, &giver, g);
}

void web_page(const struct call *call)
{
	static const char *const HEADERS[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Integrity-Policy", "blocked-destinations=(script)" },
		{ "Permissions-Policy",
		  "camera=(self), microphone=(), geolocation=()" }
	};
	const struct web_file *page = web_files_page();
	struct request *req = call->req;

	if (page == NULL) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
		return;
	}
	request_add(req, "Content-Security-Policy", web_files_policy());
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(*HEADERS); i++)
		request_add(req, HEADERS[i][0], HEADERS[i][1]);
	conditional_answer(req, page->type, page->codings[WEB_PLAIN],
			   page->codings[WEB_PLAIN]);
}
