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

.PHONY: planted
planted: $(B)/planted/hermetic.so
