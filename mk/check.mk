# Checks that compile nothing, and the two analysers.

.PHONY: check-source cppcheck tidy
check-source:
	tools/check-source

# Suppressed: what it gets wrong, looked at, and what Debian 13's says of itself.
cppcheck:
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j2 \
	    --enable=warning,performance,portability -Isrc -Iworkers -I$(B)/gen \
	    --library=tools/cppcheck.cfg --suppress=missingIncludeSystem \
	    --suppress=nullPointerRedundantCheck:src/mls/psk.c \
	    --suppress=uninitvar:src/mls/tree.c \
	    --suppress=uninitvar:src/device/group/letters.c \
	    --suppress=normalCheckLevelMaxBranches \
	    --suppress=literalWithCharPtrCompare src workers

# The analyser needs the flags of the build, so it is given them. Its paths
# through null pointers are for people to read: it does not know invariants. That
# a value was never set is a fault.
TIDY_PKGS := libcrypto libgcrypt libpq libjwt jansson sqlite3 libcurl \
	libwebsockets libutf8proc libcbor qrcodegen
TIDY_KORE = $(kore_cflags)
# src/wasm has the headers of another machine.
TIDY_SOURCES := $(filter-out src/wasm/%,$(wildcard src/*/*.c src/*/*/*.c))
TIDY_FLAGS = -std=c11 -D_GNU_SOURCE -Isrc -I. -I$(B)/gen \
	$(call pkg_cflags,$(TIDY_PKGS)) $(TIDY_KORE)
tidy: $(B)/gen/command/commit.h
	printf '%s\n' $(TIDY_SOURCES) | xargs -P 2 -n 4 \
	    sh -c 'clang-tidy --quiet --warnings-as-errors="*,-clang-analyzer-*,clang-analyzer-core.uninitialized*" "$$@" -- \
	    $(TIDY_FLAGS)' tidy
