/*
 * The files of the page for browsers, as `make web` lays them down: all of them in
 * memory, read once before the workers, which share them. No request names a path of
 * the disk.
 *
 *   index.html            the page
 *   policy                its Content-Security-Policy, one line
 *   web/FOLDER/FILE       what it loads; FOLDER is a hash of what is in it
 *   web/FOLDER/FILE.br    the same by a content coding: .br, .gz
 */
#ifndef HERMETIC_SERVER_WEB_FILES_H
#define HERMETIC_SERVER_WEB_FILES_H

#include "base/span.h"

enum web_coding { WEB_PLAIN, WEB_GZIP, WEB_BROTLI, WEB_CODINGS };

struct web_file {
	struct web_file *next;
	char *name;	  /* "index.html", "FOLDER/FILE" */
	const char *type; /* its media type */
	struct span
	    codings[WEB_CODINGS]; /* without bytes: it has not that one */
};

/* NULL, or what is wrong with that directory: the end of a sentence. Once. */
const char *web_files_load(const char *directory);

/* NULL: there is none, or nothing was loaded. */
const struct web_file *web_files_page(void);
const struct web_file *web_files_find(struct span folder, struct span file);

/* NUL-terminated; NULL: nothing was loaded. */
const char *web_files_policy(void);

#endif
