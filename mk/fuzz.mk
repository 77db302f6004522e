# Fuzz targets: tests/fuzz/fuzz_NAME.c define LLVMFuzzerTestOneInput.
#
#   make VARIANT=asan fuzz-replays   each with a main that replays its corpus
#   make VARIANT=fuzz CC=clang fuzzers   each as a coverage-guided fuzzer

FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_REPLAYS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%,\
	$(FUZZ_SOURCES))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/run_%,\
	$(FUZZ_SOURCES))
FUZZ_LIBS = $(foreach f,command qr hermetic reach signs device session content mls check wire twofish crypto \
	door store base,\
	$(if $(call sources,$(f)),$(call lib,$(f))))

-include $(patsubst %.c,$(B)/%.d,$(FUZZ_SOURCES) tests/fuzz/replay.c)

define fuzz_link
$(CC) $(LINK_$(VARIANT)) $(1) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(FUZZ_LIBS) -Wl,--end-group \
	$(call pkg_libs,libcrypto libgcrypt jansson libcbor libutf8proc) \
	$(FUZZ_EXTRA_LIBS)
endef

%/replay_websocket %/run_websocket: FUZZ_EXTRA_LIBS := -lwslay
%/replay_commit %/run_commit %/replay_operations %/run_operations \
	%/replay_request %/run_request: FUZZ_EXTRA_LIBS := -lpq
%/replay_bearer %/run_bearer: FUZZ_EXTRA_LIBS := -ljwt
%/replay_command %/run_command: FUZZ_EXTRA_LIBS = $(call pkg_libs,$(TEST_PKGS))
%/replay_reach %/run_reach: FUZZ_EXTRA_LIBS = $(call pkg_libs,$(PKGS_reach))
%/replay_state %/run_state: FUZZ_EXTRA_LIBS := -lsqlite3
%/replay_store %/run_store: FUZZ_EXTRA_LIBS := -lpq \
	-Wl,--wrap=getaddrinfo_a,--wrap=log_event
%/replay_settings %/run_settings: FUZZ_EXTRA_LIBS := \
	-Wl,--wrap=fopen,--wrap=log_event
%/replay_words %/run_words: FUZZ_EXTRA_LIBS := -lpq -Wl,--wrap=log_event

$(FUZZ_REPLAYS): $(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o \
		$(B)/tests/fuzz/replay.o $(FUZZ_LIBS)
	$(call fuzz_link)

$(FUZZERS): $(B)/tests/fuzz/run_%: $(B)/tests/fuzz/fuzz_%.o $(FUZZ_LIBS)
	$(call fuzz_link,-fsanitize=fuzzer)

$(patsubst %,$(B)/tests/fuzz/fuzz_%.o,commit operations request store words): \
	$(B)/gen/store/statements.h

$(B)/tests/fuzz/fuzz_store.o: CFLAGS_FOLDER = $(CFLAGS_store)

# What a target takes of a folder that is no archive, and of what else it links.
fuzz_of = $(B)/tests/fuzz/replay_$(1) $(B)/tests/fuzz/run_$(1)
fuzz_server = $(patsubst %,$(B)/src/server/%.o,$(1))

$(call fuzz_of,body): $(call fuzz_server,body send_frame)
$(call fuzz_of,commit): $(call fuzz_server,account_name commit group_info leaf_names)
$(call fuzz_of,settings): $(call fuzz_server,edge/head)
$(call fuzz_of,request): $(call fuzz_server,page position $(addprefix edge/,\
	conditional cors exchange head media path_tree proxies request router \
	trace))

$(call fuzz_of,items) $(call fuzz_of,session): \
	$(B)/tests/testlib/session_value.o

.PHONY: fuzz-replays fuzzers
fuzz-replays: $(FUZZ_REPLAYS)
fuzzers: $(FUZZERS)
