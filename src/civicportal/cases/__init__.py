"""The case: what reports, meetings and feedback share."""
