"""Navigation, the citizens' home and the staff desk, filled by plugins."""
