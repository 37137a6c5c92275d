"""The worker process, which sends messages and runs jobs; any number of them may run."""
