"""People, their sessions and rights: the two doors, one-time codes, roles and memberships."""
