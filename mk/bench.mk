# What the MLS engine costs, against the floor of its cryptography.
#
#   make VARIANT=release bench-mls      then build/release/bench/mls/bench-mls

BENCH_MLS_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/mls/*.c))
BENCH_MLS_LIBS = $(foreach f,mls wire twofish crypto base,$(call lib,$(f)))

$(BENCH_MLS_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(BENCH_MLS_OBJECTS:.o=.d)

$(B)/bench/mls/bench-mls: $(BENCH_MLS_OBJECTS) $(BENCH_MLS_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_MLS_OBJECTS) -Wl,--start-group \
	    $(BENCH_MLS_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libcrypto libgcrypt) -lm

.PHONY: bench-mls
bench-mls: $(B)/bench/mls/bench-mls
unit-tests: $(B)/bench/mls/bench-mls

# What it costs to follow a group without its keys.
#
#   make VARIANT=release bench-walk     then build/release/bench/walk/bench-walk

BENCH_WALK_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/walk/*.c))
BENCH_WALK_LIBS = $(foreach f,session check mls wire twofish crypto base,\
	$(call lib,$(f)))

$(BENCH_WALK_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(BENCH_WALK_OBJECTS:.o=.d)

$(B)/bench/walk/bench-walk: $(BENCH_WALK_OBJECTS) $(BENCH_WALK_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_WALK_OBJECTS) -Wl,--start-group \
	    $(BENCH_WALK_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libcrypto libgcrypt)

.PHONY: bench-walk
bench-walk: $(B)/bench/walk/bench-walk

# What a commit costs as a group grows, without a server.
#
#   make VARIANT=release bench-growth
#   then build/release/bench/growth/bench-growth

BENCH_GROWTH_OWN := $(patsubst %.c,$(B)/%.o,$(wildcard bench/growth/*.c))
BENCH_GROWTH_OBJECTS := $(BENCH_GROWTH_OWN) $(B)/bench/mls/world.o

$(BENCH_GROWTH_OWN): CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(BENCH_GROWTH_OWN:.o=.d)

$(B)/bench/growth/bench-growth: $(BENCH_GROWTH_OBJECTS) $(BENCH_WALK_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_GROWTH_OBJECTS) -Wl,--start-group \
	    $(BENCH_WALK_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libcrypto libgcrypt)

.PHONY: bench-growth
bench-growth: $(B)/bench/growth/bench-growth

# What accounts' logs cost.
#
#   make VARIANT=release bench-account
#   then build/release/bench/account/bench-account

BENCH_ACCOUNT_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/account/*.c))

$(BENCH_ACCOUNT_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(BENCH_ACCOUNT_OBJECTS:.o=.d)

$(B)/bench/account/bench-account: $(BENCH_ACCOUNT_OBJECTS) $(BENCH_WALK_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_ACCOUNT_OBJECTS) -Wl,--start-group \
	    $(BENCH_WALK_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libcrypto libgcrypt)

.PHONY: bench-account
bench-account: $(B)/bench/account/bench-account

# The load generator of bench/run.
LOAD_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/load/*.c))
-include $(LOAD_OBJECTS:.o=.d)

$(B)/bench/load/load: $(LOAD_OBJECTS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(LOAD_OBJECTS)

.PHONY: bench-load
bench-load: $(B)/bench/load/load

# What the edge costs beside stock Kore: two modules for it (bench/edge).
BENCH_EDGE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/edge/*.c))
BENCH_EDGE_LIBS = $(foreach f,door crypto twofish base,$(call lib,$(f)))

$(BENCH_EDGE_OBJECTS): CFLAGS_FOLDER = $(KORE_FLAGS)
-include $(BENCH_EDGE_OBJECTS:.o=.d)

$(B)/bench/edge/ours.so: $(B)/bench/edge/ours.o \
		$(patsubst %.c,$(B)/%.o,$(wildcard src/server/edge/*.c)) \
		$(BENCH_EDGE_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ \
	    $(filter %.o,$^) -Wl,--start-group $(BENCH_EDGE_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libssl libcrypto libgcrypt) -lwslay

$(B)/bench/edge/stock.so: $(B)/bench/edge/stock.o
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-z,nodelete -o $@ $<

.PHONY: bench-edge
bench-edge: $(B)/bench/edge/ours.so $(B)/bench/edge/stock.so

# What a commit costs in a large session, against a real node.
#
#   make VARIANT=release programs server bench-large
#   then HERMETIC_BUILD=build/release node bench/large.mjs

BENCH_LARGE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard bench/large/*.c))
BENCH_LARGE_LIBS = $(foreach f,reach signs device session content check mls wire \
	twofish crypto base,$(call lib,$(f)))

$(BENCH_LARGE_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,$(PKGS_command))
-include $(BENCH_LARGE_OBJECTS:.o=.d)

$(B)/bench/large/large: $(BENCH_LARGE_OBJECTS) $(BENCH_LARGE_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_LARGE_OBJECTS) -Wl,--start-group \
	    $(BENCH_LARGE_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(PKGS_reach) $(PKGS_content) $(PKGS_crypto))

.PHONY: bench-large
bench-large: $(B)/bench/large/large
unit-tests: $(B)/bench/large/large

# What a typing notice costs its two ends.
#
#   make VARIANT=release bench-typing
#   then build/release/bench/typing/typing [MEMBERS]

BENCH_TYPING_OBJECTS := $(B)/bench/typing/main.o $(addprefix $(B)/tests/testlib/,session_world.o session_value.o)

$(B)/bench/typing/main.o: CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(B)/bench/typing/main.d

$(B)/bench/typing/typing: $(BENCH_TYPING_OBJECTS) $(BENCH_WALK_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(BENCH_TYPING_OBJECTS) -Wl,--start-group \
	    $(BENCH_WALK_LIBS) -Wl,--end-group \
	    $(call pkg_libs,libcrypto libgcrypt cmocka)

.PHONY: bench-typing
bench-typing: $(B)/bench/typing/typing
