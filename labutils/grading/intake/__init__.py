"""What was handed in: whose it is, which notebooks it holds, and what they say; all of it is read as hostile."""
