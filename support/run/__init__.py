"""One run of the suite: what is opened before the scenarios, done around each, and settled after all."""
