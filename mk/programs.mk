# The programs a person runs.

.PHONY: programs server
programs:
server:
