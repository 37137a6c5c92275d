"""The pages of both doors and of one's own account."""
