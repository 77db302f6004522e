# The statements of sql/ as a C table, and the migration tool.

SQL_FILES := $(sort $(wildcard sql/*.sql))

$(B)/gen/store/statements.h: $(SQL_FILES) tools/sql2c.sh
	@mkdir -p $(@D)
	tools/sql2c.sh header $(SQL_FILES) > $@

$(B)/gen/store/statements.c: $(SQL_FILES) tools/sql2c.sh
	@mkdir -p $(@D)
	tools/sql2c.sh source $(SQL_FILES) > $@

$(B)/gen/store/statements.o: $(B)/gen/store/statements.c \
		$(B)/gen/store/statements.h
	$(CC) $(CFLAGS_ALL) -c $< -o $@

$(call objects,store) $(call objects,door) $(call objects,admin): $(B)/gen/store/statements.h
$(call lib,store): $(B)/gen/store/statements.o

# Whoever includes store/store.h needs the generated names.
$(patsubst %.c,$(B)/%.o,$(wildcard src/server/*.c tests/unit/test_store*.c)): \
	$(B)/gen/store/statements.h

MIGRATE_OBJECT := $(B)/src/migrate/main.o
$(MIGRATE_OBJECT): CFLAGS_FOLDER := $(call pkg_cflags,libpq libcrypto)
-include $(MIGRATE_OBJECT:.o=.d)

$(B)/hermetic-migrate: $(MIGRATE_OBJECT) $(call lib,crypto) \
		$(call lib,twofish) $(call lib,base)
	$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group \
	    $(filter %.a,$^) -Wl,--end-group \
	    $(call pkg_libs,libpq libcrypto libgcrypt)

programs: $(B)/hermetic-migrate
