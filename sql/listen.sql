LISTEN hermetic;
