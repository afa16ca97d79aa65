"""The one reader of what students hand in: which cell of the course each of theirs is, and the answers in words."""
