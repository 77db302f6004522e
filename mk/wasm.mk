# The device and all below it as WebAssembly (docs/adr/0065-the-browser.md), by Debian's
# clang and wasi-libc.
#
#   make wasm          build/wasm/lib/libhermetic.a, and libcrypto.a for it
#   make wasm-tests    unit tests as WebAssembly, for tests/wasm
#
# The libraries are built from Debian's source packages, which tools/wasm-sources
# fetches; WASM_SOURCES_FLAGS=--newest takes the newest ones only. All goes to build/wasm
# whatever the VARIANT.

W := build/wasm
WASM_SOURCES := $(W)/sources/versions
WASM_CC := clang
WASM_TARGET := --target=wasm32-wasi -nostdlibinc \
	-isystem /usr/include/wasm32-wasi -Os -ffunction-sections -fdata-sections

$(WASM_SOURCES): tools/wasm-sources
	$< $(WASM_SOURCES_FLAGS) $(@D)

# ---- OpenSSL's libcrypto ----

# AES without tables, and the kernel's generator by getentropy(). What no header of
# src/crypto asks for is left out.
WASM_CRYPTO_FLAGS := $(WASM_TARGET) -DOPENSSL_AES_CONST_TIME -DNO_SYSLOG \
	-D__ELF__ -D_BSD_SOURCE -D_WASI_EMULATED_GETPID -Wno-macro-redefined \
	$(addprefix -D,$(addsuffix =getpagesize,getuid geteuid getgid getegid))
WASM_CRYPTO_OPTIONS := --with-rand-seed=getrandom \
	$(addprefix no-,apps asm async autoerrinit autoload-config cmp cms comp \
	ct deprecated dgram docs dso engine err filenames http legacy module \
	multiblock ocsp posix-io quic secure-memory shared sock srp srtp sse2 \
	stdio tests thread-pool threads tls dtls ts ui-console argon2 aria bf \
	blake2 camellia cast des dh dsa ec2m idea md2 md4 mdc2 ml-dsa ocb rc2 \
	rc4 rc5 rmd160 seed siphash siv slh-dsa sm2 sm3 sm4 whirlpool rfc3779)
WASM_CRYPTO := $(W)/openssl/libcrypto.a

# The times of sources are those of their makers, so objects of others do not stay.
$(W)/openssl/Makefile: $(WASM_SOURCES)
	@rm -rf $(@D)
	@mkdir -p $(@D)
	cd $(@D) && CC="$(WASM_CC)" AR=llvm-ar RANLIB=llvm-ranlib \
	    CFLAGS="$(WASM_CRYPTO_FLAGS)" ../sources/openssl/Configure \
	    linux-generic32 $(WASM_CRYPTO_OPTIONS) > configured.txt

# The headers that it makes, which our sources include.
WASM_CRYPTO_MADE := $(W)/openssl/generated
$(WASM_CRYPTO_MADE): $(W)/openssl/Makefile
	$(MAKE) -s -C $(@D) build_generated
	@touch $@

$(WASM_CRYPTO): $(WASM_CRYPTO_MADE)
	$(MAKE) -s -C $(@D) libcrypto.a

# ---- the small libraries: of each the files that are needed ----

WASM_SMALL_SOURCES := $(addprefix jansson/src/,dump error hashtable hashtable_seed \
	load memory pack_unpack strbuffer strconv utf value version) \
	$(addprefix libcbor/src/cbor/,streaming encoding internal/encoders \
	internal/loaders) libtomcrypt/src/ciphers/twofish/twofish \
	utf8proc/utf8proc qr-code-generator/c/qrcodegen
WASM_SMALL := $(patsubst %,$(W)/small/%.o,$(WASM_SMALL_SOURCES))
WASM_HEADERS := -Isrc/wasm/include -isystem $(W)/openssl/include \
	$(addprefix -isystem $(W)/sources/,openssl/include jansson/android \
	jansson/src libcbor/src libtomcrypt/src/headers utf8proc \
	qr-code-generator/c)
# The headers inside OpenSSL, of its providers.
WASM_PROVIDER_HEADERS := $(addprefix -isystem $(W)/sources/openssl/providers/,\
	common/include implementations/include)
$(W)/src/wasm/provider.o: WASM_HEADERS += $(WASM_PROVIDER_HEADERS)
WASM_SMALL_FLAGS := $(WASM_TARGET) $(WASM_HEADERS) -DUTF8PROC_STATIC -DLTC_SOURCE \
	-DHAVE_CONFIG_H -DARGTYPE=4 -D_WASI_EMULATED_SIGNAL -DLTC_NO_TEST -DLTC_NOTHING \
	-DLTC_TWOFISH

$(WASM_SMALL): $(W)/small/%.o: $(WASM_SOURCES)
	@mkdir -p $(@D)
	$(WASM_CC) $(WASM_SMALL_FLAGS) -c $(W)/sources/$*.c -o $@

# ---- ours ----

WASM_FOLDERS := wasm hermetic qr reach signs device session content mls check wire twofish \
	crypto base
# Of the module alone: what its host provides, and what of OpenSSL it goes without.
WASM_MODULE_SOURCES := $(addprefix src/wasm/,binding.c binding_ask.c binding_file.c form.c \
	legacy.c objects.c absent.c no_nist.c)
# What speaks to a machine or its network; libgcrypt is not there.
WASM_LEFT_OUT := src/base/given.c src/base/listen.c src/base/metrics.c src/base/usage.c src/signs/harmful.c \
	src/twofish/gcrypt.c \
	$(WASM_MODULE_SOURCES) \
	$(filter-out $(addprefix src/reach/,act.c act_devices.c act_people.c \
	act_recovery.c act_revoke.c call.c choose.c fold.c fold_equal.c libraries.c look.c \
	notice.c passphrase_form.c passphrase_password.c past.c pause.c problem.c \
	reply.c shown_log.c transfer_plan.c typing.c upload_book.c),$(wildcard src/reach/*.c)) \
	$(filter-out $(addprefix src/hermetic/,core.c core_act.c core_ask.c \
	arguments.c core_enrol.c core_file.c core_hear.c core_live.c \
	core_password.c inside.c told.c),\
	$(wildcard src/hermetic/*.c))
WASM_FILES := $(filter-out $(WASM_LEFT_OUT),\
	$(foreach f,$(WASM_FOLDERS),$(call sources,$(f))))
WASM_OBJECTS := $(WASM_FILES:%.c=$(W)/%.o)
WASM_OURS := -Isrc -I.
WASM_FLAGS = -std=c11 -D_GNU_SOURCE -D_WASI_EMULATED_SIGNAL $(WASM_OURS) \
	$(WASM_TARGET) -Oz $(WASM_HEADERS) $(WARNINGS) $(WASM_WARNINGS) -fvisibility=hidden -MMD -MP

$(W)/%.o: %.c $(WASM_SOURCES) | $(WASM_CRYPTO_MADE)
	@mkdir -p $(@D)
	$(WASM_CC) $(WASM_FLAGS) -c $< -o $@
-include $(WASM_OBJECTS:.o=.d) $(WASM_MODULE_SOURCES:%.c=$(W)/%.d)

WASM_LIB := $(W)/lib/libhermetic.a
$(WASM_LIB): $(WASM_OBJECTS) $(WASM_SMALL)
	@mkdir -p $(@D)
	@rm -f $@
	llvm-ar rcs $@ $^

.PHONY: wasm
wasm: $(WASM_LIB) $(WASM_CRYPTO)

# A stack that is too deep ends the program, as it lies below all data. OpenSSL's
# reference to getentropy() is a weak one, which draws nothing from an archive.
WASM_LINK := --target=wasm32-wasi --sysroot=/usr -Wl,--gc-sections \
	-Wl,--stack-first -Wl,-z,stack-size=1048576 -Wl,--undefined=getentropy

# Names within OpenSSL whose files are linked for others' sake: a reference to NAME goes to
# __wrap_NAME, in the place of it.
WASM_WRAPPED := EC_GROUP_get_curve_name EC_GROUP_get_field_type EC_KEY_get0_group \
	EC_KEY_get_conv_form EC_KEY_can_sign ossl_ec_key_is_foreign ossl_rsa_is_foreign \
	OBJ_find_sigid_algs OBJ_add_sigid OBJ_sigid_free

# ---- the module of sdk/js ----

# What it exports and imports is src/wasm/binding.h, and of WASI what sdk/js/module.js
# provides.
WASM_MODULE := sdk/js/hermetic.wasm

WASM_MODULE_OBJECTS := $(WASM_MODULE_SOURCES:%.c=$(W)/%.o) $(W)/module/provider.o

# Headers inside OpenSSL have names that ours have, too.
WASM_IN_PLACE := $(patsubst %,$(W)/src/wasm/%.o,legacy objects absent)
$(WASM_IN_PLACE): WASM_OURS :=
$(W)/src/wasm/absent.o: WASM_HEADERS += $(WASM_PROVIDER_HEADERS)

$(W)/module/provider.o: src/wasm/provider.c $(WASM_SOURCES) | $(WASM_CRYPTO_MADE)
	@mkdir -p $(@D)
	$(WASM_CC) -DHERMETIC_WASM_MODULE $(WASM_FLAGS) -c $< -o $@
$(W)/module/provider.o: WASM_HEADERS += $(WASM_PROVIDER_HEADERS)

# What stands before the archives is taken in the place of what they have.
$(W)/hermetic.wasm: $(WASM_MODULE_OBJECTS) $(WASM_LIB) $(WASM_CRYPTO)
	$(WASM_CC) $(WASM_LINK) $(foreach name,$(WASM_WRAPPED),-Wl,--wrap=$(name)) \
	    -mexec-model=reactor -Wl,--strip-all -o $@ $^ \
	    -lwasi-emulated-getpid

# The source of a release has it in it, and what is installed is that one; where it is deleted,
# it is made anew. The wasi-libc of Debian 13 copies and fills by bulk memory operations, of
# which a stripped module does not say that it has them.
ifneq ($(words $(wildcard commit $(WASM_MODULE))),2)
$(WASM_MODULE): $(W)/hermetic.wasm
	wasm-opt --enable-bulk-memory -Oz --converge --low-memory-unused --strip-producers -o $@ $<
endif

.PHONY: wasm-module
wasm-module: $(WASM_MODULE)

# ---- unit tests as programs: those that need no machine, and starve no malloc() ----

# Not among them are those that ask OpenSSL for what no header of src/crypto needs
# (test_crypto, test_sign, test_wrap), that use libgcrypt, or that fork, have threads or read
# /proc; nor test_sizes, whose messages of 64 MiB take half a minute there.
WASM_TEST_SOURCES := $(filter-out $(addprefix tests/unit/test_,crypto.c sign.c \
	wrap.c sizes.c),$(shell grep -LE \
	'include ["<](reach|signs|command|store|door|server|admin|mqtt|gcrypt|sys/wait)|testlib/runner|starve|/proc/' \
	tests/unit/test_*.c))
WASM_TESTS := $(WASM_TEST_SOURCES:%.c=$(W)/%.wasm)
WASM_TESTLIB := $(patsubst %.c,$(W)/%.o,\
	$(filter-out tests/testlib/clock.c,$(wildcard tests/testlib/*.c)))
WASM_TEST_OBJECTS := $(WASM_TESTS:.wasm=.o) $(WASM_TESTLIB)

# Their numbers are small.
$(WASM_TEST_OBJECTS): WASM_HEADERS += -Itests/wasm/include
$(WASM_TEST_OBJECTS): WASM_WARNINGS := -Wno-shorten-64-to-32
-include $(WASM_TEST_OBJECTS:.o=.d)
.SECONDARY: $(WASM_TEST_OBJECTS)

$(W)/lib/libtests.a: $(WASM_TESTLIB)
	@mkdir -p $(@D)
	@rm -f $@
	llvm-ar rcs $@ $^

$(WASM_TESTS): %.wasm: %.o $(W)/lib/libtests.a $(WASM_LIB) $(WASM_CRYPTO)
	$(WASM_CC) $(WASM_LINK) -o $@ $^ -lwasi-emulated-getpid

.PHONY: wasm-tests
wasm-tests: $(WASM_TESTS)
