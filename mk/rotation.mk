# The rotation worker and the tool for whoever runs it. Like the server they
# link nothing that could hold a message key.

ROTATION_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard workers/rotation/*.c))
ROTATION_LIBS = $(foreach f,store crypto twofish base,$(call lib,$(f)))
ROTATION_SHARED := $(addprefix $(B)/workers/rotation/,config.o)

$(ROTATION_OBJECTS): CFLAGS_FOLDER := -Iworkers $(call pkg_cflags,libpq)
$(ROTATION_OBJECTS): $(B)/gen/store/statements.h
-include $(ROTATION_OBJECTS:.o=.d)

define rotation_link
$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group \
	$(LIBS_FIRST) $(ROTATION_LIBS) -Wl,--end-group \
	$(call pkg_libs,libpq libcrypto libgcrypt libcurl)
endef

$(B)/hermetic-rotation: $(addprefix $(B)/workers/rotation/,main.o actions.o) \
		$(ROTATION_SHARED) $(ROTATION_LIBS)
	$(call rotation_link)

$(B)/hermetic-admin: LIBS_FIRST := $(call lib,admin) $(call lib,door)
$(B)/hermetic-admin: $(B)/workers/rotation/admin.o $(ROTATION_SHARED) \
		$(call lib,admin) $(call lib,door) $(ROTATION_LIBS)
	$(call rotation_link)

programs: $(B)/hermetic-rotation $(B)/hermetic-admin
