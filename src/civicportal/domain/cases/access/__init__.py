"""Access rules of cases."""
