"""Decides a question again where it loses points, without what other answers may have spoiled."""

from .statements_to_run import calm


def decided(student, master, question, wanted):
    """Return the rows of a question; what loses points is decided again, for a wrong answer may spoil more than itself.

    That is in a process in which no other question's cells ran, and then without what other answers do to modules,
    where they do anything. The best of these counts.
    """
    own, quiet, best = set(map(id, wanted)), calm(wanted, question.answers), []
    alone = all(one.given or place in own for place, one in student.ran.items())
    for statements in [wanted] * (2 - alone) + [quiet] * (len(quiet) < len(wanted)):
        for statement in statements:
            student.run(statement)
        best = max(student.decide(master, question), best, key=lambda rows: sum(row["points"] for row in rows))
        if sum(row["points"] for row in best) == question.max:
            break
        student.forget()
    return best
