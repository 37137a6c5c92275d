"""The process that brings messages out and does what repeats; any number of them may run."""
