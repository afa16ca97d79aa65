"""Runs submissions apart from everything else and decides their questions by the values that come back."""
