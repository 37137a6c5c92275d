"""Pages of the kartable: the list, a case, and what staff do with one or with many."""
