"""Pages of citizens: their cases, the follow-up by code, pictures."""
