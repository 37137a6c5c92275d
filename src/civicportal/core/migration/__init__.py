"""Running the revisions of core and plugins."""
