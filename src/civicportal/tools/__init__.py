"""Programs around a portal."""
