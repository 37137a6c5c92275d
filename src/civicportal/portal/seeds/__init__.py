"""Seeds: what the files in ``data/`` of a site hold for the database, applied once per key."""
