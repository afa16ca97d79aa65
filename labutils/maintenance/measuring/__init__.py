"""Measures the tables that labutils.results reads; each takes minutes, or hours, and is kept."""
