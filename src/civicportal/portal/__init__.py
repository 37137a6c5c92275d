"""Pages and tasks that concern several domains."""
