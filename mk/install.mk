# make install PREFIX=/usr/local [DESTDIR=]: libhermetic (mk/library.mk), and the MLS
# engine as a library for others.
# make install-mls: that alone: libhermetic-mls.a and .so, its headers, and a
# pkg-config file.
# TWOFISH=no, for install-mls: without the suite 0xF7F1, and so without libgcrypt; in a build
# directory of its own (B=).
# make install-man: man pages, made from the headers; needs node.

PREFIX ?= /usr/local
MLS_VERSION := 0.1.0
MLS_SONAME := libhermetic-mls.so.0
ifeq ($(TWOFISH),no)
MLS_FOLDERS := base crypto wire mls
MLS_PKGS := libcrypto
CFLAGS_ALL += -DHERMETIC_WITHOUT_TWOFISH
else
MLS_FOLDERS := base crypto twofish wire mls
MLS_PKGS := libcrypto libgcrypt
endif
MLS_HEADERS := mls/names.h mls/mls.h mls/components.h mls/group.h mls/identity.h mls/items.h \
	mls/limits.h mls/read.h mls/rules.h base/buf.h base/err.h base/sec.h base/span.h \
	crypto/library.h crypto/rng.h crypto/sign.h crypto/suite.h
MLS_SOURCES := $(foreach f,$(MLS_FOLDERS),$(wildcard src/$(f)/*.c))
MLS_STATIC := $(B)/lib/libhermetic-mls-all.a
MLS_SHARED := $(B)/lib/$(MLS_SONAME)
INSTALLED = $(DESTDIR)$(PREFIX)

# One object, in which all names but mls_* are its own, makes both libraries.
# src/mls/names.h gives what its callers need of the lower layers such names.
MLS_SHOWN := $(patsubst %.c,$(B)/shown/%.o,$(MLS_SOURCES))
MLS_WHOLE := $(B)/shown/hermetic-mls.o
$(B)/shown/%.o: %.c src/mls/names.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call pkg_cflags,$(MLS_PKGS)) \
	    -include src/mls/names.h -fvisibility=default -c $< -o $@
-include $(MLS_SHOWN:.o=.d)

$(MLS_WHOLE): $(MLS_SHOWN)
	$(LD) -r -o $@ $(MLS_SHOWN)
	objcopy --wildcard --keep-global-symbol='mls_*' $@

$(MLS_SHARED): $(MLS_WHOLE) src/mls/exports.map
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(MLS_SONAME) \
	    -Wl,--version-script=src/mls/exports.map -Wl,-z,defs -o $@ \
	    $(MLS_WHOLE) $(call pkg_libs,$(MLS_PKGS))

$(MLS_STATIC): $(MLS_WHOLE)
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $(MLS_WHOLE)

.PHONY: install install-mls
install: install-mls
install-mls: $(MLS_STATIC) $(MLS_SHARED)
	install -d $(INSTALLED)/lib/pkgconfig
	install -m 0644 $(MLS_STATIC) $(INSTALLED)/lib/libhermetic-mls.a
	install -m 0755 $(MLS_SHARED) \
	    $(INSTALLED)/lib/libhermetic-mls.so.$(MLS_VERSION)
	ln -sf libhermetic-mls.so.$(MLS_VERSION) $(INSTALLED)/lib/$(MLS_SONAME)
	ln -sf $(MLS_SONAME) $(INSTALLED)/lib/libhermetic-mls.so
	for header in $(MLS_HEADERS); do \
	    install -D -m 0644 src/$$header \
	        $(INSTALLED)/include/hermetic/$$header || exit 1; done
	for header in $(filter-out mls/names.h,$(MLS_HEADERS)); do \
	    sed -i '1i #include "mls/names.h"' \
	        $(INSTALLED)/include/hermetic/$$header || exit 1; done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(MLS_VERSION)|' \
	    -e 's|@PKGS@|$(MLS_PKGS)|' \
	    src/mls/hermetic-mls.pc.in \
	    > $(INSTALLED)/lib/pkgconfig/hermetic-mls.pc

.PHONY: install-man
install-man:
	node tools/man.mjs $(INSTALLED)/share/man
