"""The domains of a municipal portal, lower ones first."""
