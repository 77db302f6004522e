#include "device/accounts/loaded.h"

#include "base/rd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum err loaded_new(struct loaded **loaded)
{
	struct loaded *made = calloc(1, sizeof(*made));
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	made->holders = 1;
	TRY(account_log_new(&made->log));
	*loaded = made;
	made = NULL;
out:
	loaded_free(made);
	return e;
}

enum err loaded_links(struct span links, struct loaded **loaded)
{
	struct loaded *made = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(loaded_new(&made));
	verdict = loaded_add_known(&made, links);
	ENSURE(verdict.wrong == NULL,
	       verdict.local ? ERR_LOCAL_MEMORY : ERR_PEER_MALFORMED);
	*loaded = made;
	made = NULL;
out:
	loaded_free(made);
	return e;
}

/* ---- records ---- */

#define NAME_SIZE 128

static void name_piece(char out[NAME_SIZE], const char *name, uint64_t number)
{
	(void)snprintf(out, NAME_SIZE, "%s/%" PRIu64, name, number);
}

enum err loaded_get(const struct device_store *store, const char *name,
		    uint64_t count, struct loaded **loaded)
{
	struct buf links = BUF_INIT;
	char piece[NAME_SIZE];
	struct span rest;
	enum err e = ERR_OK;

	ENSURE(count <= ACCOUNT_LINKS_MAX, ERR_PEER_MALFORMED);
	for (uint64_t n = 0; n < count; n += LOADED_PIECE) {
		name_piece(piece, name, n / LOADED_PIECE);
		TRY(store->get(store->context, piece, &links));
	}
	TRY(buf_end(&links));
	rest = account_links_behind(buf_span(&links), count);
	TRY(loaded_links(span_of(links.p, links.n - rest.n), loaded));
out:
	buf_clear(&links);
	return e;
}

/* The links from `*rest` on that fill a piece. */
static struct span take_piece(struct span *rest)
{
	struct rd r = rd_init(*rest);
	struct span piece;

	for (size_t i = 0; i < LOADED_PIECE && rd_left(&r) > 0; i++)
		(void)rd_vec(&r);
	piece = span_of(rest->p, rest->n - rd_left(&r));
	*rest = span_of(rest->p + piece.n, rd_left(&r));
	return piece;
}

enum err loaded_put(const struct device_store *store, const char *name,
		    const struct loaded *stored, const struct loaded *loaded)
{
	struct span links = buf_span(&loaded->links), rest;
	uint64_t first = 0;
	char piece[NAME_SIZE];
	enum err e = ERR_OK;

	if (stored == loaded)
		return ERR_OK;
	if (stored != NULL)
		first = account_links_shared(buf_span(&stored->links), links) /
			LOADED_PIECE;
	rest = account_links_behind(links, first * LOADED_PIECE);
	for (; rest.n > 0; first++) {
		struct span part = take_piece(&rest);

		name_piece(piece, name, first);
		TRY(store->put(store->context, piece, part));
	}
out:
	return e;
}

/* ---- holders ---- */

struct loaded *loaded_share(struct loaded *loaded)
{
	loaded->holders++;
	return loaded;
}

void loaded_free(struct loaded *loaded)
{
	if (loaded == NULL || --loaded->holders > 0)
		return;
	account_log_free(loaded->log);
	buf_clear(&loaded->links);
	free(loaded);
}

/* For this holder alone. */
static enum err unshare(struct loaded **loaded)
{
	struct loaded *made = NULL;
	enum err e = ERR_OK;

	if ((*loaded)->holders == 1)
		return ERR_OK;
	made = calloc(1, sizeof(*made));
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	made->holders = 1;
	buf_put(&made->links, buf_span(&(*loaded)->links));
	TRY(buf_end(&made->links));
	TRY(account_log_copy((*loaded)->log, &made->log));
	loaded_free(*loaded);
	*loaded = made;
	made = NULL;
out:
	loaded_free(made);
	return e;
}

static struct check_verdict no_memory(void)
{
	return (struct check_verdict){ "no memory", false, true };
}

struct check_verdict loaded_add(struct loaded **loaded, struct span link)
{
	struct check_verdict verdict;
	struct buf *links;

	if (unshare(loaded) != ERR_OK)
		return no_memory();
	links = &(*loaded)->links;
	/* its length stands before it */
	if (buf_reserve(links, link.n + 8) == NULL)
		return no_memory();
	verdict = account_log_add((*loaded)->log, link);
	if (verdict.wrong == NULL)
		buf_put_vec(links, link);
	return verdict;
}

struct check_verdict loaded_add_known(struct loaded **loaded, struct span links)
{
	struct check_verdict verdict;

	if (unshare(loaded) != ERR_OK)
		return no_memory();
	verdict = account_log_load((*loaded)->log, links);
	buf_put(&(*loaded)->links, links);
	return buf_end(&(*loaded)->links) == ERR_OK ? verdict : no_memory();
}
