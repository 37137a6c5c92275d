"""The benchmark: a city's worth of invented cases, and a runner that measures the portal over HTTP."""
