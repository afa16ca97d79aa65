"""What each table of answers is made with."""


def not_written(*arguments):
    raise NotImplementedError("this exercise is not written yet")


def numbered(right, wrong):
    """Return {exercise: {kind: (answer, words)}} of {exercise: [answer, ...]} and [(answer, words), ...]."""
    return {
        name: {f"right {i}": (answer, None) for i, answer in enumerate(right.get(name, []))}
        | {f"wrong {i}": answer for i, answer in enumerate(wrong.get(name, []))}
        for name in right | wrong
    }
