"""Generation of a city's cases in a database, deterministic for one seed."""
