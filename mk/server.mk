# The module that Kore loads. Its link line is a promise: nothing of src/mls
# and src/session, so nothing that could hold a message key.

SERVER_OBJECTS := $(patsubst %.c,$(B)/%.o,\
	$(wildcard src/server/*.c src/server/edge/*.c src/server/hub/*.c))
SERVER_LIBS = $(foreach f,door store check wire crypto twofish base,$(call lib,$(f)))
SERVER_PKGS := libpq libjwt jansson libssl libcrypto libgcrypt libcurl
KORE_FLAGS := $(kore_cflags)

$(SERVER_OBJECTS): CFLAGS_FOLDER := $(KORE_FLAGS) \
	$(call pkg_cflags,$(SERVER_PKGS))
-include $(SERVER_OBJECTS:.o=.d)

# Kore unloads the module at its end, while exit handlers still point into it:
# hence nodelete.
$(B)/hermetic.so: $(SERVER_OBJECTS) $(SERVER_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ $(SERVER_OBJECTS) \
	    -Wl,--start-group $(SERVER_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(SERVER_PKGS)) -lwslay

server: $(B)/hermetic.so

# The API of the administration: another module on the same edge. Of the server it has
# what reads and answers requests, and nothing else.
ADMIN_API_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard workers/admin_api/*.c))
ADMIN_API_SERVER := $(patsubst %.c,$(B)/%.o,$(wildcard src/server/edge/*.c)) \
	$(patsubst %,$(B)/src/server/%.o,answer body event_loop limited \
	module sanitizer start)
ADMIN_API_LIBS = $(foreach f,admin door store crypto twofish base,$(call lib,$(f)))

$(ADMIN_API_OBJECTS): CFLAGS_FOLDER := -Iworkers $(KORE_FLAGS) \
	$(call pkg_cflags,$(SERVER_PKGS))
$(ADMIN_API_OBJECTS): $(B)/gen/store/statements.h
-include $(ADMIN_API_OBJECTS:.o=.d)

$(B)/hermetic_admin.so: $(ADMIN_API_OBJECTS) $(ADMIN_API_SERVER) $(ADMIN_API_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ \
	    $(ADMIN_API_OBJECTS) $(ADMIN_API_SERVER) -Wl,--start-group \
	    $(ADMIN_API_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(SERVER_PKGS)) -lwslay

server: $(B)/hermetic_admin.so
