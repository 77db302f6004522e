/* The devices that the model of the server knows. */
#include "tests/sim/server.h"

#include <stdio.h>
#include <string.h>

void server_end_device(struct server_device *device)
{
	device->revoked = true;
	for (size_t i = 0; i < device->package_count; i++)
		blob_free(device->packages[i].bytes);
	device->package_count = 0;
}

static void call_device(struct server_device *device, const char *user,
			const char *id)
{
	(void)snprintf(device->user, sizeof(device->user), "%s", user);
	(void)snprintf(device->id, sizeof(device->id), "%s", id);
	(void)snprintf(device->identity, sizeof(device->identity), "%s/%s",
		       user, id);
}

size_t server_add_device(struct server *server, const char *user,
			 const char *id)
{
	call_device(SIM_ADD(server->devices, server->device_count), user, id);
	return server->device_count - 1;
}

void server_renew_device(struct server *server, size_t number, const char *user,
			 const char *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < server->welcome_count; i++) {
		struct server_welcome welcome = server->welcomes[i];

		if (welcome.device != number) {
			server->welcomes[kept++] = welcome;
			continue;
		}
		blob_free(welcome.bytes);
		blob_free(welcome.info);
	}
	server->welcome_count = kept;
	server_end_device(&server->devices[number]);
	server->devices[number].revoked = false;
	call_device(&server->devices[number], user, id);
}

void server_name_device(struct server *server, size_t device,
			const char *identity)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t number;
	struct server_device *named = &server->devices[device];

	if (!places_read_leaf(span_str(named->identity), fingerprint, &number))
		memcpy(named->before, named->identity, SIM_IDENTITY);
	(void)snprintf(named->identity, SIM_IDENTITY, "%s", identity);
}

const char *server_identity(const struct server *server,
			    const struct server_session *session, size_t device)
{
	const struct server_device *named = &server->devices[device];

	return named->before[0] != '\0' &&
		       server_member(session, named->before) != NULL
		   ? named->before
		   : named->identity;
}

bool server_same_user(const char *identity, const char *other)
{
	size_t n = strcspn(identity, "/");

	return strncmp(identity, other, n) == 0 && other[n] == '/';
}

const char *server_user_of(const struct server *server, const char *identity)
{
	for (size_t i = 0; i < server->device_count; i++)
		if (server->devices[i].user[0] != '\0' &&
		    server_same_user(server->devices[i].identity, identity))
			return server->devices[i].user;
	return "";
}
