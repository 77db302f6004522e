// Alice makes a group, looks at what will be staged, and stores it item by item.
//   c++ mls.cc $(pkg-config --cflags --libs hermetic-mls)
#include <ctime>
#include <iostream>
#include <map>
#include <mls/mls.h>
#include <stdexcept>
#include <string>

static void must(err e)
{
	if (e != ERR_OK)
		throw std::runtime_error(err_text(e));
}

static std::string text(span s)
{
	return std::string(reinterpret_cast<const char *>(s.p), s.n);
}

// A store of items: a real one seals the values and keeps them on a disk.
using Store = std::map<std::string, std::string>;

static err put(void *context, span key, span value)
{
	(*static_cast<Store *>(context))[text(key)] = text(value);
	return ERR_OK;
}

static err drop(void *context, span prefix)
{
	Store &store = *static_cast<Store *>(context);
	const std::string p = text(prefix);

	for (auto at = store.lower_bound(p);
	     at != store.end() && at->first.compare(0, p.size(), p) == 0;)
		at = store.erase(at);
	return ERR_OK;
}

static err get(void *context, span key, buf *value)
{
	const Store &store = *static_cast<Store *>(context);
	const auto found = store.find(text(key));

	if (found == store.end())
		return ERR_STATE_GONE;
	buf_put(value, span_of(found->second.data(), found->second.size()));
	return buf_end(value);
}

static err look(void *, const mls_group *, const mls_staged *staged)
{
	std::cout << "epoch " << staged->epoch << " of "
		  << text(staged->committer.after.identity) << "\n";
	return ERR_OK;
}

int main()
{
	const uint16_t suites[] = { 0x0003 };
	sec key = {};
	buf public_key = {};
	mls_identity alice = {};
	Store store;
	const mls_items items = { put, drop, get, &store };
	mls_group *group, *again;
	mls_commit commit = {};
	mls_change change = {};

	alice.suite = suite_by_id(suites[0]);
	alice.rng = rng_system();
	alice.now = static_cast<uint64_t>(std::time(nullptr));
	alice.credential_identity = span_str("alice");
	alice.cipher_suites = suites;
	alice.cipher_suite_count = 1;
	must(sign_generate(alice.suite, alice.rng, &key, &public_key));
	alice.signature_private = sec_span(&key);
	alice.signature_public = buf_span(&public_key);
	must(mls_group_create(&alice, span_str("notes"), span_str(""), &group));
	change.force_path = true;
	must(mls_group_commit(group, &alice, &change, &commit));
	must(mls_group_store(group, &items));
	must(mls_group_restore(&items, &again));
	must(mls_group_staged(again, look, nullptr));
	must(mls_group_merge(again));
	mls_group_free(group);
	mls_group_free(again);
	mls_commit_clear(&commit);
	buf_clear(&public_key);
	sec_wipe(&key, sizeof(key));
	return 0;
}
