"""For maintainers: the bench, the README's figure, the notebooks as web pages, and the table of all results."""
