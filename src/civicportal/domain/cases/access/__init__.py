"""Who may see a case and act on it."""
