"""The append-only trail: who did, saw and changed what."""
