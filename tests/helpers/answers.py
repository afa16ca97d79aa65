"""Answers of the kind that students write."""


def not_written(*arguments):
    raise NotImplementedError("this exercise is not written yet")
