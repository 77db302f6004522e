#include "store/reason.h"

#include <stdio.h>
#include <string.h>

void reason_prepare(PGconn *pg)
{
	(void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
}

bool reason_read(const PGconn *pg, char out[REASON_SIZE])
{
	const char *said = pg != NULL ? PQerrorMessage(pg) : "";
	int n = (int)strcspn(said, "\n");
	/* too_many_connections: libpq has no other way to tell of it */
	const char *state = strstr(said, " 53300: ");
	bool no_place = state != NULL && state < said + n;

	(void)snprintf(out, REASON_SIZE, "%s%.*s",
		       no_place ? REASON_NO_PLACE ". " : "", n, said);
	return no_place;
}

const char *reason_sqlstate(const char *reason)
{
	static const char fatal[] = "FATAL:  ", digits[] = "0123456789";
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *state = strstr(reason, fatal);
	size_t n = 0;

	if (state == NULL)
		return NULL;
	state += sizeof(fatal) - 1;
	while (n < 5 && state[n] != '\0' &&
	       (strchr(digits, state[n]) != NULL ||
		strchr(capitals, state[n]) != NULL))
		n++;
	return n == 5 && state[n] == ':' ? state : NULL;
}
