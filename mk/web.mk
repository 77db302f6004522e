# The page for browsers (web/, with sdk/js and its module), as a node serves it
# (HERMETIC_WEB): nothing is made of another thing, but each folder is named by a hash, and
# the page names the hash of each file.
#
#   make web           build/web; with SERVER=URL for a page that another host serves
#   make install-web   that as share/hermetic/web (PREFIX, DESTDIR: mk/install.mk)

WEB := build/web
WEB_SOURCES := $(wildcard web/* sdk/js/*.js) tools/web.mjs

$(WEB)/policy: $(WEB_SOURCES) $(WASM_MODULE)
	node tools/web.mjs $(WEB) $(SERVER)

.PHONY: web install-web
web: $(WEB)/policy

install-web: web
	install -d $(SERVER_SHARE)
	rm -rf $(SERVER_SHARE)/web
	cp -R $(WEB) $(SERVER_SHARE)/web
