"""All that a student looks at: figures, their style, tables, and widgets to play with."""
