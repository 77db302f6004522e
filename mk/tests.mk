# Unit tests: one program a file, tests/unit/test_NAME.c, with cmocka.
# Each links only archives, so it carries just what it calls.

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
TESTLIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/testlib/*.c))
TEST_PKGS := cmocka jansson libcrypto libgcrypt libpq sqlite3 libcurl \
	libwebsockets libjwt
TEST_LIBS = $(foreach f,client session mls check wire twofish crypto store base,\
	$(if $(wildcard src/$(f)/*.c),$(call lib,$(f))))

CFLAGS_TESTS = $(call once,CFLAGS_TESTS,$(call pkg_cflags,$(TEST_PKGS)))
$(TESTLIB_OBJECTS) $(UNIT_TESTS:=.o): CFLAGS_FOLDER = $(CFLAGS_TESTS)
-include $(TESTLIB_OBJECTS:.o=.d) $(UNIT_TESTS:=.d)

$(UNIT_TESTS): %: %.o $(TESTLIB_OBJECTS) $(TEST_LIBS)
	$(CC) $(LINK_$(VARIANT)) -o $@ $< $(TESTLIB_OBJECTS) \
	    -Wl,--start-group $(TEST_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(TEST_PKGS)) $(TEST_EXTRA_LIBS)

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)
.SECONDARY: $(UNIT_TESTS:=.o)
