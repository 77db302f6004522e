/*
 * OpenSSL's objects of ASN.1, of which it has a table of 1,300 with their names: a tenth of a
 * module. A client asks it for the four kinds of keys that src/crypto makes; all else is
 * fetched by name (provider.c). Here there are these four, in the place of the table, and no
 * object of any.
 *
 * The headers are those inside OpenSSL 3.5, as in provider.c.
 */
#include <crypto/objects.h>
#include <internal/cryptlib.h>
#include <openssl/objects.h>

#include <string.h>

#include "in_place.h"

static const struct {
	int nid;
	const char *name; /* the short one and the long one */
} KEYS[] = {
	{ NID_X25519, SN_X25519 },
	{ NID_X448, SN_X448 },
	{ NID_ED25519, SN_ED25519 },
	{ NID_ED448, SN_ED448 },
};

enum { KEY_COUNT = sizeof(KEYS) / sizeof(*KEYS) };

const char *OBJ_nid2sn(int nid)
{
	for (int i = 0; i < KEY_COUNT; i++)
		if (KEYS[i].nid == nid)
			return KEYS[i].name;
	return NULL;
}

const char *OBJ_nid2ln(int nid)
{
	return OBJ_nid2sn(nid);
}

int OBJ_sn2nid(const char *name)
{
	for (int i = 0; i < KEY_COUNT; i++)
		if (strcmp(KEYS[i].name, name) == 0)
			return KEYS[i].nid;
	return NID_undef;
}

int OBJ_ln2nid(const char *name)
{
	return OBJ_sn2nid(name);
}

int OBJ_txt2nid(const char *name)
{
	return OBJ_sn2nid(name);
}

/* ---- there is no object ---- */

ASN1_OBJECT *OBJ_nid2obj(int nid)
{
	(void)nid;
	return NULL;
}

ASN1_OBJECT *OBJ_txt2obj(const char *name, int no_name)
{
	(void)name;
	(void)no_name;
	return NULL;
}

int OBJ_obj2nid(const ASN1_OBJECT *object)
{
	(void)object;
	return NID_undef;
}

int OBJ_obj2txt(char *to, int size, const ASN1_OBJECT *object, int no_name)
{
	(void)object;
	(void)no_name;
	if (to != NULL && size > 0)
		to[0] = '\0';
	return 0;
}

size_t OBJ_length(const ASN1_OBJECT *object)
{
	(void)object;
	return 0;
}

const unsigned char *OBJ_get0_data(const ASN1_OBJECT *object)
{
	(void)object;
	return NULL;
}

int OBJ_create(const char *oid, const char *sn, const char *ln)
{
	(void)oid;
	(void)sn;
	(void)ln;
	return NID_undef;
}

/* Which hash a signature goes with, by their objects. */
IN_PLACE_OF(OBJ_add_sigid);
int __wrap_OBJ_add_sigid(int signature, int hash, int key)
{
	(void)signature;
	(void)hash;
	(void)key;
	return 1;
}

IN_PLACE_OF(OBJ_find_sigid_algs);
int __wrap_OBJ_find_sigid_algs(int signature, int *hash, int *key)
{
	(void)signature;
	(void)hash;
	(void)key;
	return 0;
}

IN_PLACE_OF(OBJ_sigid_free);
void __wrap_OBJ_sigid_free(void)
{
}

void ossl_obj_cleanup_int(void)
{
}

/* ---- tables of others ---- */

const void *OBJ_bsearch_(const void *key, const void *base, int count, int size,
			 int (*compare)(const void *, const void *))
{
	return ossl_bsearch(key, base, count, size, compare, 0);
}
