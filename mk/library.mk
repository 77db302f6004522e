# libhermetic for other programs: one header, a shared library, a static one.
# What they show is src/hermetic/exports.map.
#
#   make install-hermetic PREFIX=/usr/local [DESTDIR=]

HERMETIC_VERSION := $(shell awk '/^\#define HERMETIC_VERSION_(MAJOR|MINOR|PATCH)/ \
	{ printf "%s%s", dot, $$3; dot = "." }' src/hermetic/hermetic.h)
HERMETIC_SONAME := libhermetic.so.0
HERMETIC_MAP := src/hermetic/exports.map
HERMETIC_FOLDERS := hermetic reach device session content mls check wire twofish \
	crypto base
HERMETIC_PKGS := $(PKGS_reach) $(PKGS_content) $(PKGS_crypto)
HERMETIC_SHARED := $(B)/lib/$(HERMETIC_SONAME)
HERMETIC_STATIC := $(B)/lib/libhermetic.a
HERMETIC_OBJECTS = $(foreach f,$(HERMETIC_FOLDERS),$(call objects,$(f)))

$(HERMETIC_SHARED): $(HERMETIC_OBJECTS) $(HERMETIC_MAP)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(HERMETIC_SONAME) \
	    -Wl,--version-script=$(HERMETIC_MAP) -Wl,-z,defs -o $@ \
	    $(HERMETIC_OBJECTS) $(call pkg_libs,$(HERMETIC_PKGS))

# One object, whose other names are its own: a program that has a buf_put() too
# keeps it.
$(HERMETIC_STATIC): $(HERMETIC_OBJECTS) $(HERMETIC_MAP)
	@mkdir -p $(@D)
	sed -n 's/^\t\(hermetic_.*\);/\1/p' $(HERMETIC_MAP) > $@.names
	ld -r -o $@.o $(HERMETIC_OBJECTS)
	objcopy --keep-global-symbols=$@.names $@.o
	@rm -f $@
	ar rcs $@ $@.o
	@rm -f $@.o $@.names

.PHONY: install-hermetic
install: install-hermetic
install-hermetic: $(HERMETIC_STATIC) $(HERMETIC_SHARED)
	install -d $(INSTALLED)/lib/pkgconfig
	install -m 0644 $(HERMETIC_STATIC) $(INSTALLED)/lib/libhermetic.a
	install -m 0755 $(HERMETIC_SHARED) \
	    $(INSTALLED)/lib/libhermetic.so.$(HERMETIC_VERSION)
	ln -sf libhermetic.so.$(HERMETIC_VERSION) $(INSTALLED)/lib/$(HERMETIC_SONAME)
	ln -sf $(HERMETIC_SONAME) $(INSTALLED)/lib/libhermetic.so
	install -D -m 0644 src/hermetic/hermetic.h \
	    $(INSTALLED)/include/hermetic/hermetic.h
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(HERMETIC_VERSION)|' \
	    -e 's|@LIBS@|$(call pkg_libs,$(HERMETIC_PKGS))|' src/hermetic/hermetic.pc.in \
	    > $(INSTALLED)/lib/pkgconfig/hermetic.pc

# tests/integration/embedding.test.mjs installs it.
unit-tests: $(HERMETIC_SHARED) $(HERMETIC_STATIC)
