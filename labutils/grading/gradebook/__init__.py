"""What comes out of grading: tables of points, pages of feedback, and the marking of written answers."""
