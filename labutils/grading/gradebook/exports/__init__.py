"""What goes back to a course system: one module a system, which writes the files that it takes, as it takes them."""

SYSTEMS = ("canvas", "moodle", "moodle-worksheet", "sakai", "gradescope")
