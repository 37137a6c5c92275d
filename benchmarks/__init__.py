"""Benchmark: generated cases of a city, and a runner that measures the portal over HTTP."""
