"""Figures: counters closed with each unit of work, and the numbers desks share."""
