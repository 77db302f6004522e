#include "tests/sim/compare/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reach/api.h"
#include "reach/call.h"
#include "reach/reply.h"
#include "tests/sim/blob.h"

#define PASSWORD "a password of the simulator's"

struct node_device {
	char user[33], id[TEXT_UUID_SIZE];
	char *token;
};

struct node {
	struct api *api;
	struct node_device *devices;
	size_t device_count;
	struct api_answer got; /* the last answer, and what was read of it */
	struct reply reply;
};

struct node *node_open(const char *url)
{
	struct node *node = sim_alloc(sizeof(*node));

	sim_must(api_open(url, NULL, &node->api), "a node's URL");
	return node;
}

static void forget_answer(struct node *node)
{
	reply_clear(&node->reply);
	api_answer_clear(&node->got);
}

void node_reset(struct node *node)
{
	for (size_t i = 0; i < node->device_count; i++)
		free(node->devices[i].token);
	free(node->devices);
	node->devices = NULL;
	node->device_count = 0;
}

void node_close(struct node *node)
{
	forget_answer(node);
	node_reset(node);
	api_close(node->api);
	free(node);
}

/* ---- accounts ---- */

/* Takes over the body. */
static enum err call(struct node *node, const char *method, const char *path,
		     json_t *body)
{
	struct why why = { .unreachable = false };
	enum err e;

	forget_answer(node);
	e = api_call(node->api, method, path, body, &why, &node->got);
	if (why.unreachable)
		sim_stop(why.text);
	return e;
}

static void must(struct node *node, const char *method, const char *path,
		 json_t *body)
{
	if (call(node, method, path, body) == ERR_OK)
		return;
	(void)fprintf(stderr, "%s %s: %ld %s\n", method, path, node->got.status,
		      node->got.slug);
	sim_stop("the node refuses what it must not");
}

static json_t *credentials(const char *user)
{
	json_t *body =
	    json_pack("{s:s, s:s}", "username", user, "password", PASSWORD);

	if (body == NULL)
		sim_stop("no memory");
	return body;
}

static bool is_ours(const struct node *node, const char *id)
{
	for (size_t i = 0; i < node->device_count; i++)
		if (strcmp(node->devices[i].id, id) == 0)
			return true;
	return false;
}

static void remove_others(struct node *node, const char *user)
{
	char path[160];
	json_t *list, *row;
	size_t i;

	(void)snprintf(path, sizeof(path), "/users/%s/devices", user);
	must(node, "GET", path, NULL);
	list = json_incref(json_object_get(node->got.body, "devices"));
	json_array_foreach(list, i, row)
	{
		const char *id =
		    json_string_value(json_object_get(row, "device_id"));

		if (id == NULL || is_ours(node, id))
			continue;
		(void)snprintf(path, sizeof(path), "/devices/%s", id);
		must(node, "DELETE", path, NULL);
	}
	json_decref(list);
}

static const char *text_of(const struct node *node, const char *name)
{
	const char *text =
	    json_string_value(json_object_get(node->got.body, name));

	if (text == NULL)
		sim_stop("a member is missing in a node's answer");
	return text;
}

static bool is_known(const struct node *node, const char *user)
{
	for (size_t i = 0; i < node->device_count; i++)
		if (strcmp(node->devices[i].user, user) == 0)
			return true;
	return false;
}

void node_add_device(struct node *node, const char *user,
		     char id[TEXT_UUID_SIZE])
{
	bool known = is_known(node, user);
	struct node_device *device;

	sim_must(api_set_token(node->api, NULL), "a token");
	if (!known &&
	    call(node, "POST", "/auth/register", credentials(user)) != ERR_OK &&
	    strcmp(node->got.slug, "username-taken") != 0)
		sim_stop("an account is not made");
	must(node, "POST", "/auth/login", credentials(user));
	device = SIM_ADD(node->devices, node->device_count);
	(void)snprintf(device->user, sizeof(device->user), "%s", user);
	(void)snprintf(device->id, sizeof(device->id), "%s",
		       text_of(node, "device_id"));
	device->token = strdup(text_of(node, "access_token"));
	memcpy(id, device->id, TEXT_UUID_SIZE);
	sim_must(api_set_token(node->api, device->token), "a token");
	if (!known)
		remove_others(node, user);
}

/* ---- requests ---- */

const struct answer *node_ask(struct node *node, size_t device,
			      const struct request *request)
{
	struct answer *answer = &node->reply.answer;
	struct call made;
	enum err e;

	sim_must(api_set_token(node->api, node->devices[device].token),
		 "a token");
	sim_must(call_make(request, &made), "a request");
	e = call(node, made.method, made.path, json_incref(made.body));
	call_clear(&made);
	if (e == ERR_OK) {
		e = reply_read(request, node->got.body, &node->reply);
		if (e != ERR_OK)
			reply_clear(&node->reply);
	}
	answer->result = e;
	(void)snprintf(answer->slug, sizeof(answer->slug), "%.*s",
		       DEVICE_SLUG - 1, node->got.slug);
	return answer;
}

json_t *node_get(struct node *node, size_t device, const char *path)
{
	sim_must(api_set_token(node->api, node->devices[device].token),
		 "a token");
	if (call(node, "GET", path, NULL) != ERR_OK)
		return NULL;
	return json_incref(node->got.body);
}
