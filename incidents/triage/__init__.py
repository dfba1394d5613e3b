"""Triage: what people ask to be changed, how it reaches Microsoft, and what waits meanwhile."""
