"""Filling a database with a city's worth of invented cases, always the same for one seed."""
