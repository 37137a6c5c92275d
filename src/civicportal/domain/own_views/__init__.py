"""Own views of lists of cases: saved filters and chosen columns."""
