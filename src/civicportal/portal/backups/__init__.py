"""Records of backups."""
