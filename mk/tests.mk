# Unit tests: one program a file, tests/unit/test_NAME.c, with cmocka.
# Each links only archives, so it carries just what it calls.

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
TESTLIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/testlib/*.c))
TEST_PKGS := cmocka jansson libssl libcrypto libgcrypt libpq sqlite3 libcurl \
	libwebsockets libmosquitto libjwt libutf8proc qrcodegen libcbor \
	libedit
TEST_LIBS = $(foreach f,command qr hermetic reach signs device session content mls check wire \
	twofish crypto door store base,\
	$(if $(call sources,$(f)),$(call lib,$(f))))

CFLAGS_TESTS = $(call once,CFLAGS_TESTS,$(call pkg_cflags,$(TEST_PKGS)))
$(TESTLIB_OBJECTS) $(UNIT_TESTS:=.o): CFLAGS_FOLDER = $(CFLAGS_TESTS)
-include $(TESTLIB_OBJECTS:.o=.d) $(UNIT_TESTS:=.d)

$(UNIT_TESTS): %: %.o $(TESTLIB_OBJECTS) $(TEST_LIBS)
	$(CC) $(LINK_$(VARIANT)) -o $@ $< $(TESTLIB_OBJECTS) \
	    -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(TEST_PKGS)) $(TEST_EXTRA_LIBS)

# They fail allocations, one after another (tests/testlib/starve.h).
$(filter $(B)/tests/unit/test_memory%,$(UNIT_TESTS)): TEST_EXTRA_LIBS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# It refuses to rename, as some file systems do.
$(B)/tests/unit/test_saving: TEST_EXTRA_LIBS += -Wl,--wrap=renameat2

# It comes days later.
$(B)/tests/unit/test_upload: TEST_EXTRA_LIBS += -Wl,--wrap=time

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)
.SECONDARY: $(UNIT_TESTS:=.o)

# What runs in threads of an application, under ThreadSanitizer: the engine's runner, and
# handles of libhermetic, which talk over a server. It needs what the tests in node need.
TSAN_TESTS := build/tsan/tests/unit/test_runner
.PHONY: tsan
tsan:
	@$(MAKE) --no-print-directory -s VARIANT=tsan B=build/tsan all $(TSAN_TESTS)
	@for test in $(TSAN_TESTS); do $$test || exit 1; done
	@HERMETIC_BUILD=build/tsan node --test --test-name-pattern='^threads use handles' \
	    tests/integration/embedding.test.mjs

# A server with a planted bug, for the test that shows that tests/chaos can
# fail: its commits do not wait for the disk, so it acknowledges too early. No
# product is built of it.

PLANTED := $(B)/planted/connection.o

$(PLANTED): src/store/connection.c $(B)/gen/store/statements.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call pkg_cflags,libpq) \
	    -DHERMETIC_PLANTED_ACK_BEFORE_COMMIT -c $< -o $@
-include $(PLANTED:.o=.d)

# In front of the archives: their own connection.o is not taken then.
$(B)/planted/hermetic.so: $(PLANTED) $(SERVER_OBJECTS) $(SERVER_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ \
	    $(PLANTED) $(SERVER_OBJECTS) -Wl,--start-group $(SERVER_LIBS) \
	    -Wl,--end-group $(call pkg_libs,$(SERVER_PKGS)) -lwslay

# Preloaded it lies about the time of day; never sanitized, so that it goes with
# any build.
$(B)/planted/clock.so: tests/testlib/clock.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -fPIC -shared \
	    -o $@ $<

.PHONY: planted
planted: $(B)/planted/hermetic.so $(B)/planted/clock.so
