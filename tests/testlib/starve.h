/*
 * Allocations that fail, one after another: include it after cmocka.h, in one
 * file of a program that is linked with --wrap of malloc(), calloc() and
 * realloc() (mk/tests.mk). OpenSSL's are counted, too: main() begins with
 * starve_start().
 */
#ifndef HERMETIC_TESTS_STARVE_H
#define HERMETIC_TESTS_STARVE_H

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "tests/testlib/members.h"

/* ---- the allocator ---- */

static struct {
	bool counting;
	bool for_good; /* every allocation after it fails, too */
	size_t count, fail_at;
	bool failed;
} starve;

static inline bool starve_now(void)
{
	if (!starve.counting || ++starve.count < starve.fail_at ||
	    (starve.count > starve.fail_at && !starve.for_good))
		return false;
	starve.failed = true;
	return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	return starve_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return starve_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return starve_now() ? NULL : __real_realloc(p, n);
}

static inline void *starve_openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return starve_now() ? NULL : __real_malloc(n);
}

static inline void *starve_openssl_realloc(void *p, size_t n, const char *file,
					   int line)
{
	(void)file;
	(void)line;
	return starve_now() ? NULL : __real_realloc(p, n);
}

static inline void starve_openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static inline bool starve_start(void)
{
	return CRYPTO_set_mem_functions(starve_openssl_malloc,
					starve_openssl_realloc,
					starve_openssl_free) == 1;
}

/* ---- one call, again and again ---- */

#define STARVE_STEP 5 /* between those from which on all fail */

/* What a call is made of, and what it gives. A failure leaves all outputs
 * empty. */
struct scene {
	struct member
	    *m; /* whose group must not change; its group may be NULL */
	struct member *other;
	struct span in, more;
	const struct mls_change *change;
	const struct mls_proposal *proposal;
	const struct mls_identity *next;
	const uint32_t *index;
	bool flag;
	/* outputs */
	struct buf bytes;
	struct sec secret;
	struct mls_commit commit;
	struct mls_event event;
	struct mls_group *group;
	struct mls_key_package_secrets secrets;
};

static inline bool scene_empty(const struct scene *s)
{
	return s->bytes.n == 0 && s->secret.n == 0 && s->commit.commit.n == 0 &&
	       s->commit.welcome.n == 0 && s->commit.group_info.n == 0 &&
	       s->event.data.n == 0 && s->event.authenticated_data.n == 0 &&
	       s->group == NULL && s->secrets.init_private.n == 0 &&
	       s->secrets.encryption_private.n == 0;
}

static inline void scene_clear(struct scene *s)
{
	buf_clear(&s->bytes);
	sec_clear(&s->secret);
	mls_commit_clear(&s->commit);
	mls_event_clear(&s->event);
	mls_group_free(s->group);
	s->group = NULL;
	mls_key_package_secrets_clear(&s->secrets);
}

static inline void starve_reload(struct member *m, struct span state)
{
	if (m == NULL || m->group == NULL)
		return;
	mls_group_free(m->group);
	m->group = NULL;
	assert_int_equal(mls_group_load(state, &m->group), ERR_OK);
	mls_group_authenticate(m->group, m->me.authentication);
}

static inline void starve_state(const struct member *m, struct buf *state)
{
	buf_reset(state);
	if (m != NULL && m->group != NULL)
		assert_int_equal(mls_group_save(m->group, state), ERR_OK);
}

/* What may come of a call whose allocation number `at` failed: an error of ours
 * that changed nothing; or what should come, where it can do without. */
static inline void starve_judge(const char *name, struct scene *s, enum err e,
				size_t at, struct span before)
{
	struct buf after = BUF_INIT;
	bool well;

	starve_state(s->m, &after);
	well =
	    e == ERR_OK || (err_class(e) == ERR_CLASS_LOCAL && scene_empty(s) &&
			    span_equal(buf_span(&after), before));
	if (!well)
		fail_msg("%s, allocation %zu%s: \"%s\"%s%s", name, at,
			 starve.for_good ? " and all after it" : "",
			 err_text(e), scene_empty(s) ? "" : ", with outputs",
			 span_equal(buf_span(&after), before)
			     ? ""
			     : ", and the group has changed");
	buf_clear(&after);
}

static inline size_t starve_run(const char *name,
				enum err (*call)(struct scene *s),
				struct scene *s, bool for_good,
				struct span before)
{
	size_t step = for_good ? STARVE_STEP : 1;

	for (size_t at = 1;; at += step) {
		enum err e;

		if (for_good)
			starve_reload(s->m, before);
		memset(&starve, 0, sizeof(starve));
		starve.for_good = for_good;
		starve.fail_at = at;
		starve.counting = true;
		e = call(s);
		starve.counting = false;
		if (!starve.failed) {
			if (e != ERR_OK)
				fail_msg("%s: \"%s\" when nothing fails", name,
					 err_text(e));
			scene_clear(s);
			starve_reload(s->m, before);
			return starve.count;
		}
		starve_judge(name, s, e, at, before);
		scene_clear(s);
		if (e == ERR_OK)
			starve_reload(s->m, before);
	}
}

/* Fails each allocation of the call in turn, and in the end none: that call
 * succeeds. Then again with all allocations from one on, of which it takes some,
 * each time in a group that has just been loaded. */
static inline void starve_each(const char *name,
			       enum err (*call)(struct scene *s),
			       struct scene *s)
{
	struct buf before = BUF_INIT;
	size_t once, for_good;

	starve_state(s->m, &before);
	once = starve_run(name, call, s, false, buf_span(&before));
	for_good = starve_run(name, call, s, true, buf_span(&before));
	print_message("%s: %zu allocations, %zu after loading\n", name, once,
		      for_good);
	buf_clear(&before);
}

#endif
