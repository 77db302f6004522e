# make vectors VECTORS=DIR: the engine against test vectors of the MLS working
# group's format, whichever DIR holds.

VECTORS_OBJECT := $(B)/tests/vectors/main.o
VECTORS_PROGRAMS := $(addprefix $(B)/tests/unit/,test_vectors_keys \
	test_vectors_framing test_vectors_tree test_vectors_passive test_wire)

$(VECTORS_OBJECT): CFLAGS_FOLDER := $(call pkg_cflags,jansson)
-include $(VECTORS_OBJECT:.o=.d)

$(B)/tests/vectors/vectors: $(VECTORS_OBJECT)
	$(CC) $(LINK_$(VARIANT)) -o $@ $< $(call pkg_libs,jansson)

.PHONY: vectors
vectors: $(B)/tests/vectors/vectors $(VECTORS_PROGRAMS)
	@test -n "$(VECTORS)" || { echo 'make vectors VECTORS=DIR'; exit 2; }
	@$< "$(VECTORS)" $(B)/tests/unit
unit-tests: $(B)/tests/vectors/vectors
