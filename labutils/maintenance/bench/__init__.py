"""Measures what the labs take on a computer, beside what students would use otherwise: `python -m labutils bench`."""
