"""The instructor's room; no lab imports it."""
