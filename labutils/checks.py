"""What each exercise must show: a `Report` for every question, read by students, nbval, nbgrader and `grade` alike.

A check never compares an answer with itself, never writes to stderr and never stops Run All: an exception in an answer
is a red row. Rows that name a mistake do so because the answer equals what that mistake gives.
"""

import contextlib
import html
import io
import numbers
import warnings

import numpy as np

from . import descent
from .proximal import hard_threshold, soft_threshold, trimmed_soft_threshold
from .regression import THREE_POINTS, TWO_POINTS, Regression, lasso_three_points

RECORD = "application/vnd.labutils.check+json"


def _text(value):
    """Return a short text of any value, numbers rounded to four digits."""
    with contextlib.suppress(Exception):
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if np.issubdtype(np.asarray(value).dtype, np.number):
            return np.array2string(np.asarray(value) + 0.0, precision=4, separator=", ", threshold=12).replace("\n", "")
    return repr(value)[:80]


def _same(found, expected, tolerance):
    """Return whether two values have the same shape and equal numbers within an absolute and relative tolerance."""
    found, expected = (np.asarray(v.detach().cpu() if hasattr(v, "detach") else v) for v in (found, expected))
    if found.shape != expected.shape:
        return False
    return bool(np.allclose(found.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance))


class Report:
    """The result of one question's check, built row by row; as a cell's result it shows the points and a table.

    Parameters: id, the question's grade_id; title, what it asks.
    Its faces: text/plain, the points (nbgrader reads it, nbval compares it); text/html, the table for the student;
    application/vnd.labutils.check+json, the record {"id", "points", "max", "rows"} that `grade` reads.
    """

    def __init__(self, id, title):
        self.id, self.title, self.rows = id, title, []

    @property
    def points(self):
        """Points earned so far."""
        return sum(row["points"] for row in self.rows)

    @property
    def max(self):
        """Points to be had so far."""
        return sum(row["max"] for row in self.rows)

    def true(self, label, answer, points=1, hint="look at the exercise once more"):
        """Add a row that is right where `answer()` is true; `hint` is shown where it is not. Returns self."""

        def judge():
            return None if bool(answer()) else hint

        return self._row(label, judge, points)

    def close(self, label, answer, expected, points=1, mistakes=None, tolerance=1e-6):
        """Add a row that is right where `answer()` equals `expected` in shape and, within `tolerance`, in value.

        Parameters: mistakes, a dict from a message to the value that this mistake gives; where the answer equals one,
            its message is shown. Returns self.
        """

        def judge():
            found = answer()
            if found is None:
                return "the function returns nothing: does it end with a return statement?"
            if _same(found, expected, tolerance):
                return None
            for message, value in (mistakes or {}).items():
                if _same(found, value, tolerance):
                    return message
            return f"expected {_text(expected)}, found {_text(found)}"

        return self._row(label, judge, points)

    def _row(self, label, judge, points):
        silenced = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(silenced), contextlib.redirect_stderr(silenced):
            warnings.simplefilter("ignore")
            try:
                problem = judge()
            except NotImplementedError:
                problem = "not written yet: replace the raise line in the exercise by your code"
            except Exception as error:
                problem = f"stopped with {type(error).__name__}: {str(error)[:120]}"
        ok = problem is None
        self.rows.append(
            {"label": label, "ok": ok, "points": points if ok else 0, "max": points, "message": problem or ""}
        )
        return self

    def __repr__(self):
        return f"{self.points:g}"

    def _repr_html_(self):
        def line(cells, tag):
            return "<tr>" + "".join(f"<{tag} style='text-align:left'>{cell}</{tag}>" for cell in cells) + "</tr>"

        lines = [line(("", "what is checked", "points", "what to look at"), "th")]
        for row in self.rows:
            mark, colour = ("&#10003;", "#00704d") if row["ok"] else ("&#10007;", "#b54700")
            points = f"{row['points']:g} / {row['max']:g}"
            mark = f"<b style='color:{colour}'>{mark}</b>"
            lines.append(line((mark, html.escape(row["label"]), points, html.escape(row["message"])), "td"))
        title = f"{html.escape(self.title)}: {self.points:g} of {self.max:g} points"
        return f"<table><caption style='text-align:left'>{title}</caption>{''.join(lines)}</table>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = {"id": self.id, "points": self.points, "max": self.max, "rows": self.rows}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), RECORD: record}


def twice(function, w):
    """Return function(w) called a second time on the same array: an answer that works in place gives itself away."""
    w = w.copy()
    function(w)
    return function(w)


# A point away from zero, with uneven entries on purpose: zeros and ones hide errors.
AWAY = np.array([0.7, -1.3, 0.4, 2.1, -0.6])
RATE = 0.02
IN_PLACE = "the answer changes its input in place: work on a new array"


def lab1_a(gradient):
    """Check `gradient(X, y, w)`, the gradient of the sum of squared residuals: 1.5 points, 0.5 hidden."""
    X, y = THREE_POINTS.X, THREE_POINTS.y
    right = 2 * X.T @ (X @ AWAY - y)
    mistakes = {
        "the factor 2 is missing: differentiate the square": right / 2,
        "this is the gradient of the MEAN; the loss here is the sum": right / len(y),
        "the sign is wrong: the residual is X w - y": -right,
        "half of everything: the loss is the sum of squares, without a factor 1/2 or 1/n": right / 2 / len(y),
        "the targets y are missing from the residual": 2 * X.T @ (X @ AWAY),
    }
    report = Report("lab1_a", "The gradient of the sum of squares")
    report.close("at the start, W = 0", lambda: gradient(X, y, np.zeros(5)), -2 * X.T @ y, points=0.5)
    return report.close("at a point away from zero", lambda: gradient(X, y, AWAY), right, mistakes=mistakes)


def lab1_b(step):
    """Check `step(w, problem, learning_rate)`, one step of gradient descent: 3 points, 1 hidden."""
    slope = THREE_POINTS.gradient(AWAY)
    moved = AWAY - RATE * slope
    mistakes = {
        "the sign is wrong: this step climbs": AWAY + RATE * slope,
        "the learning rate is missing": AWAY - slope,
        "this returns the change, not the new weights": -RATE * slope,
        "this follows the MEAN of the squares: problem.gradient is the sum's already": AWAY - RATE * slope / 3,
        "the factor 2 stands in problem.gradient already": AWAY - 2 * RATE * slope,
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: moved - RATE * THREE_POINTS.gradient(moved)}

    def one_step(w):
        return step(w, THREE_POINTS, RATE)

    report = Report("lab1_b", "One step of gradient descent")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), moved, mistakes=mistakes)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), moved, mistakes=in_place)
    return report.close(
        "200 steps from zero end at the minimum-norm solution",
        lambda: descent.descend(one_step, np.zeros(5), 200).final,
        np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y,
    )


def lab1_c(step):
    """Check `step(w, problem, learning_rate, keep)`, a gradient step and then hard thresholding: 3 points, 1 hidden."""
    slope = THREE_POINTS.gradient(AWAY)
    moved, mean = AWAY - RATE * slope, AWAY - RATE * slope / 3
    right = hard_threshold(moved, 2)
    early = hard_threshold(AWAY, 2)
    mistakes = {
        "this keeps the smallest magnitudes: keep the largest": np.where(hard_threshold(moved, 3) == 0, moved, 0),
        "prune after the gradient step, not before it": early - RATE * THREE_POINTS.gradient(early),
        "prune after the gradient step, not before it: the result must be sparse": early - RATE * slope,
        "what to prune is decided by the weights after the gradient step": np.where(early == 0, 0, moved),
        "nothing was pruned: set all but the `keep` largest magnitudes to zero": moved,
        "this follows the MEAN of the squares: problem.gradient is the sum's": hard_threshold(mean, 2),
        "the sign is wrong: this step climbs": hard_threshold(AWAY + RATE * slope, 2),
        "this keeps the largest signed values: compare magnitudes": np.where(moved >= np.sort(moved)[-2], moved, 0),
        "this returns the magnitudes: the weights must keep their signs": np.abs(right),
        "the gradient step is missing": early,
        "the learning rate is missing": hard_threshold(AWAY - slope, 2),
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: hard_threshold(right - RATE * THREE_POINTS.gradient(right), 2)}
    flat, tied = Regression(np.zeros((1, 5)), [0]), np.array([1.0, -2, 2, -1, -2])  # no slope: all it does is prune
    ties = {
        "where magnitudes tie, the lower index is kept: sort with kind='stable'": [0, 0, 2, 0, -2],
        "this keeps all magnitudes that tie: keep `keep` weights": [0, -2, 2, 0, -2],
        "this keeps the largest signed values: compare magnitudes": [1, 0, 2, 0, 0],
    }

    def one_step(w):
        return step(w, THREE_POINTS, RATE, 2)

    report = Report("lab1_c", "One step of iterative pruning")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), right, mistakes=mistakes)
    report.close("magnitudes that tie", lambda: step(tied.copy(), flat, RATE, 2), [0, -2, 2, 0, 0], 0.5, ties)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right, 0.5, in_place)
    return report.close(
        "200 steps from zero end at the two-sparse solution",
        lambda: descent.descend(one_step, np.zeros(5), 200).final,
        [0, 3, 0, 0, -1],
    )


def lab1_d(step):
    """Check `step(w, problem, learning_rate, penalty)`, a subgradient step with an L1 penalty: 3 points, 1 hidden."""
    penalty = 0.5

    def pushed(w, slope, push):
        return w - RATE * (slope + penalty * push)

    slope, sign = THREE_POINTS.gradient(AWAY), np.sign(AWAY)
    right = pushed(AWAY, slope, sign)
    mistakes = {
        "the learning rate is missing on the penalty": AWAY - RATE * slope - penalty * sign,
        "the sign of the penalty is wrong: this pushes weights away from zero": pushed(AWAY, slope, -sign),
        "lambda times W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(AWAY, slope, AWAY),
        "2 lambda W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(AWAY, slope, 2 * AWAY),
        "every weight has a sign of its own: this penalises their sum": pushed(AWAY, slope, 1),
        "this follows the MEAN of the squares: problem.gradient is the sum's": pushed(AWAY, slope / 3, sign),
        "the sign is wrong: this step climbs": AWAY + RATE * (slope + penalty * sign),
        "the sign of the gradient is wrong: this step climbs": pushed(AWAY, -slope, sign),
        "the learning rate is missing": AWAY - slope - penalty * sign,
        "the penalty is missing": AWAY - RATE * slope,
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: pushed(right, THREE_POINTS.gradient(right), np.sign(right))}
    # Two weights are zero, and the gradient step turns the signs of the others, so that the order shows.
    zeros = np.array([0.1, 0, -0.2, 0, 0.3])
    slope_there = THREE_POINTS.gradient(zeros)
    right_there = pushed(zeros, slope_there, np.sign(zeros))
    at_zero = {
        "sign(0) must be 0, not 1: the penalty leaves a zero alone": np.where(zeros >= 0, 1, -1),
        "sign(0) must be 0, not -1: the penalty leaves a zero alone": np.where(zeros > 0, 1, -1),
        "take the sign of w, not of the weights after the gradient step": np.sign(zeros - RATE * slope_there),
    }
    at_zero = {message: pushed(zeros, slope_there, push) for message, push in at_zero.items()}
    at_zero["weights at zero move too: the gradient of L pushes them"] = np.where(zeros == 0, 0, right_there)

    def one_step(w):
        return step(w, THREE_POINTS, RATE, penalty)

    report = Report("lab1_d", "One subgradient step with an L1 penalty")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), right, mistakes=mistakes)
    report.close("one step from two zeros", lambda: one_step(zeros.copy()), right_there, mistakes=at_zero)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right, 0.5, in_place)
    return report.close(
        "200 steps from zero, lambda 1",
        lambda: descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        descent.l1_subgradient(THREE_POINTS, 1.0).final,
        points=0.5,
    )


def lab1_e(operator, step):
    """Check `operator(w, threshold)` and `step(w, problem, learning_rate, penalty)` of (e): 3 points, 1 hidden."""
    w = np.array([0.7, -1.3, 0.05, 2.1, -0.02])
    thresholded = np.array([0.6, -1.2, 0, 2.0, 0])
    operator_mistakes = {
        "this is hard thresholding: what survives must move towards zero too": [0.7, -1.3, 0, 2.1, 0],
        "the sign is lost: the operator returns magnitudes": [0.6, 1.2, 0, 2.0, 0],
        "weights smaller than the threshold must stop at zero, not cross it": w - 0.1 * np.sign(w),
        "negative weights are lost: they must move up by the threshold": [0.6, 0, 0, 2.0, 0],
        "the sign is wrong: weights must move towards zero": w + 0.1 * np.sign(w),
        "negative weights must move up, not down": w - 0.1,
        "the weights did not move": w,
        IN_PLACE: [0.5, -1.1, 0, 1.9, 0],
    }
    penalty = 10.0
    slope, cut = THREE_POINTS.gradient(AWAY), RATE * penalty
    moved = AWAY - RATE * slope
    right = soft_threshold(moved, cut)
    mean = AWAY - RATE * slope / 3
    mistakes = {
        "the threshold is learning_rate * penalty, not the penalty": soft_threshold(moved, penalty),
        "threshold after the gradient step, not before it": soft_threshold(AWAY, cut) - RATE * slope,
        "threshold after the gradient step, and take the gradient at w": (
            soft_threshold(AWAY, cut) - RATE * THREE_POINTS.gradient(soft_threshold(AWAY, cut))
        ),
        "this is hard thresholding: what survives must move towards zero too": np.where(np.abs(moved) > cut, moved, 0),
        "the sign is lost: the step returns magnitudes": np.abs(right),
        "weights smaller than the threshold must stop at zero, not cross it": moved - cut * np.sign(moved),
        "the sign of the gradient is wrong: this step climbs": soft_threshold(AWAY + RATE * slope, cut),
        "this follows the MEAN of the squares: problem.gradient is the sum's": soft_threshold(mean, cut),
        "the learning rate is missing on the gradient": soft_threshold(AWAY - slope, cut),
        "the gradient step is missing": soft_threshold(AWAY, cut),
        "nothing was thresholded: this is plain gradient descent": moved,
        "the weights did not move": AWAY,
        IN_PLACE: soft_threshold(right - RATE * THREE_POINTS.gradient(right), cut),
    }

    def one_step(w):
        return step(w, THREE_POINTS, RATE, penalty)

    report = Report("lab1_e", "Soft thresholding and the proximal gradient step")
    report.close(
        "the operator, called twice on the same array",
        lambda: twice(lambda w: operator(w, 0.1), w),
        thresholded,
        mistakes=operator_mistakes,
    )
    report.close("one step, called twice on the same array", lambda: twice(one_step, AWAY), right, mistakes=mistakes)
    return report.close(
        "200 steps from zero, lambda 1, end at the closed form of the Lasso",
        lambda: descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        lasso_three_points(1.0),
    )


def lab1_f(step):
    """Check `step(w, problem, learning_rate, penalty, keep)`, a trimmed proximal step: 4 points, 1 hidden."""
    # A place and a rate at which every mistake below gives a result of its own.
    here, rate, penalty, keep = AWAY[::-1].copy(), 0.4, 3.0, 2
    slope, cut = THREE_POINTS.gradient(here), rate * penalty
    moved, climbed = here - rate * slope, here + rate * slope
    right = trimmed_soft_threshold(moved, cut, keep)

    def free(w, count):
        return hard_threshold(w, count) != 0

    shrunk = soft_threshold(moved, cut)
    early = trimmed_soft_threshold(here, cut, keep)
    mistakes = {
        "the threshold is learning_rate * penalty, not the penalty": trimmed_soft_threshold(moved, penalty, keep),
        "this leaves the smallest weights alone: leave the largest": np.where(free(moved, 3), shrunk, moved),
        "this leaves the three smallest weights alone: leave the largest": np.where(free(moved, 2), shrunk, moved),
        "this thresholds all weights, which is plain L1: leave the `keep` largest alone": shrunk,
        "rank the weights after the gradient step, not before it": np.where(free(here, keep), moved, shrunk),
        "this sets the rest to zero, which is pruning: soft-threshold it": hard_threshold(moved, keep),
        "threshold after the gradient step, not before it": early - rate * slope,
        "this leaves the largest signed values alone: compare magnitudes": (
            np.where(moved >= np.sort(moved)[-keep], moved, shrunk)
        ),
        "this leaves d - keep weights alone: leave `keep`": trimmed_soft_threshold(moved, cut, 5 - keep),
        "the sign of the gradient is wrong: this step climbs": trimmed_soft_threshold(climbed, cut, keep),
        "the gradient step is missing": early,
        "nothing was thresholded: this is plain gradient descent": moved,
        "the weights did not move": here,
        IN_PLACE: trimmed_soft_threshold(right - rate * THREE_POINTS.gradient(right), cut, keep),
    }

    def run(keep):
        return descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0, keep), np.zeros(5), 200).final

    report = Report("lab1_f", "One step with the trimmed L1 penalty")
    report.close(
        "one step, called twice on the same array",
        lambda: twice(lambda w: step(w, THREE_POINTS, rate, penalty, keep), here),
        right,
        points=2,
        mistakes=mistakes,
    )
    biased = {"this is the Lasso's biased solution: the `keep` largest must go unpenalised": lasso_three_points(1.0)}
    report.close("200 steps from zero, lambda 1, keep 2", lambda: run(2), [0, 3, 0, 0, -1], mistakes=biased)
    return report.close("with keep 0 it ends at the Lasso", lambda: run(0), lasso_three_points(1.0))


def lab1_g_pruning(exact_supports):
    """Check `exact_supports(problem, size)`, how many supports of that size fit exactly: 0.75 points, 0.25 hidden."""
    none = "no support fits to the last bit: call a loss below 1e-9 exact, do not compare with zero"
    sparser = "count the supports of exactly `size` columns"
    report = Report("lab1_g_pruning", "How many supports fit exactly")
    two = {"this counts all supports, whether they fit or not": 10, none: 0}
    report.close("two weights, three points", lambda: exact_supports(THREE_POINTS, 2), 1, 0.25, two)
    report.close("two weights, two points", lambda: exact_supports(TWO_POINTS, 2), 9, 0.25, {**two, sparser: 10})
    one = {"this counts all supports, whether they fit or not": 5}
    return report.close("one weight, two points", lambda: exact_supports(TWO_POINTS, 1), 0, 0.25, one)


def positive(value, name):
    """Return `value` if it is one finite number above 0; raise ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < np.inf:
        raise ValueError(f"{name}: expected one number above 0, found {value!r}")
    return value


def lab1_g_l1(penalty_two_points):
    """Check `penalty_two_points()`, a lambda that works well with two data points: 0.75 points, 0.25 hidden."""

    def final():
        return descent.l1_subgradient(TWO_POINTS, positive(penalty_two_points(), "lambda")).final

    def few(w):
        return np.sum(np.abs(w) > 0.05) <= 3

    report = Report("lab1_g_l1", "A penalty for two data points")
    report.true("L is below 0.2", lambda: TWO_POINTS.loss(final()) < 0.2, 0.25, "L is too large: lower lambda")
    hint = "too many weights are left: a small lambda is slow to push them down, a large one makes them rattle"
    return report.true("at most three magnitudes above 0.05", lambda: few(final()), 0.5, hint)


def sparse_and_close(threshold, steps):
    """Return whether a proximal run on the two points ends with at least two exact zeros and L below 0.5."""
    final = descent.proximal_gradient(TWO_POINTS, positive(threshold, "threshold"), steps=steps).final
    return np.sum(final == 0) >= 2 and TWO_POINTS.loss(final) < 0.5


def lab1_g_proximal(threshold_two_points):
    """Check `threshold_two_points()`, a threshold that works well with two data points: 0.5 points, 0.5 hidden."""
    report = Report("lab1_g_proximal", "A threshold for two data points")
    return report.true(
        "after 200 steps at least two exact zeros, and L below 0.5",
        lambda: sparse_and_close(threshold_two_points(), steps=200),
        points=0.5,
        hint="a small threshold leaves no time for zeros, a large one a large loss: run a few",
    )


def exact_from_everywhere(penalty, seed):
    """Return whether trimmed L1 on the two points, with keep 2, finds a two-sparse exact fit fast and from everywhere.

    Fast: from zero within 100 steps. From everywhere: from 100 random starts within 2,000 steps. Exact: L below 1e-6.
    """
    starts = np.random.default_rng(seed).normal(size=(100, 5))
    threshold = RATE * positive(penalty, "lambda")
    from_zero = descent.trimmed_proximal_gradient(TWO_POINTS, threshold, keep=2, steps=100).final
    from_starts = descent.trimmed_proximal_gradient(TWO_POINTS, threshold, keep=2, steps=2000, start=starts).final
    ends = np.vstack([from_zero, from_starts])
    return np.all((ends != 0).sum(axis=1) <= 2) and np.all(TWO_POINTS.loss(ends) < 1e-6)


def lab1_g_trimmed(penalty_trimmed_two_points):
    """Check `penalty_trimmed_two_points()`, a lambda for the trimmed penalty on two points: 0.5 points, 0.5 hidden."""
    report = Report("lab1_g_trimmed", "A trimmed penalty for two data points")
    return report.true(
        "two non-zeros and L < 1e-6: from zero in 100 steps, from 100 random starts in 2,000",
        lambda: exact_from_everywhere(penalty_trimmed_two_points(), seed=0),
        points=0.5,
        hint="a small lambda is too slow from zero, a large one gets stuck from some starts: run a few",
    )


def lab2_a(ste):
    """Check `ste`, a torch.autograd.Function with apply(w, bits), the straight-through quantizer: 8 points."""
    import torch

    w = torch.tensor([[0.6, -0.9, 0.1], [-0.3, 1.5, 0.25], [-0.05, 0.8, -0.45]])
    lowest, reach = -0.9, 2.4  # of this tensor; its four 2-bit levels are -0.9, -0.1, 0.7 and 1.5
    scaled = (w - lowest) / reach
    mistakes = {
        "ceil instead of round: a weight goes to the NEAREST level": lowest + reach * torch.ceil(scaled * 3) / 3,
        "floor instead of round: a weight goes to the NEAREST level": lowest + reach * torch.floor(scaled * 3) / 3,
        "2 bits make 4 levels, with 3 steps between them, not 4": lowest + reach * torch.round(scaled * 4) / 4,
        "the minimum is not added back": reach * torch.round(scaled * 3) / 3,
        "shares in [0, 1]: scale them back to the range of w": torch.round(scaled * 3) / 3,
        "the range is from -max|w| to max|w|; it should be from min(w) to max(w)": (
            -1.5 + 3 * torch.round((w + 1.5) / 3 * 3) / 3
        ),
        "nothing was rounded": w,
    }
    right = torch.tensor([[0.7, -0.9, -0.1], [-0.1, 1.5, -0.1], [-0.1, 0.7, -0.1]])
    upstream = torch.arange(9.0).reshape(3, 3)
    equal = torch.full((4,), 0.3)

    def count_levels():
        uneven = torch.linspace(-1, 2, 1001) ** 3
        return [len(torch.unique(ste.apply(uneven, bits))) for bits in (1, 3, 5)]

    def gradient():
        moving = w.clone().requires_grad_()
        (ste.apply(moving, 2) * upstream).sum().backward()
        return moving.grad

    blocked = {"the gradient is zero: backward must hand on what it is given": torch.zeros(3, 3)}
    divided = {"0 / 0: the range of these weights is zero": torch.full((4,), float("nan"))}
    report = Report("lab2_a", "The straight-through estimator")
    report.close("a 3x3 tensor at 2 bits", lambda: ste.apply(w, 2), right, 2, mistakes, tolerance=1e-5)
    report.close("how many levels at 1, 3 and 5 bits", count_levels, [2, 8, 32])
    report.close("bits=None leaves the weights alone", lambda: ste.apply(w, None), w)
    report.close("bits=0 sets all weights to zero", lambda: ste.apply(w, 0), torch.zeros(3, 3))
    report.close("the gradient passes straight through", gradient, upstream, 2, blocked)
    return report.close("weights that are all equal stay as they are", lambda: ste.apply(equal, 4), equal, 1, divided)


def _sample_network(bits=(None, None, None), seed=1):
    """Return a ResNet20 with reproducible random weights, in evaluation mode."""
    import torch

    from .resnet import ResNet20

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResNet20(bits).eval()


def _misplaced(model, bits):
    """Return the names of the layers of a ResNet20 that don't have `bits` per stage, first and last layer float."""
    from .quantize import quant_layers
    from .resnet import stage_layers

    expected = {id(layer): b for stage, b in enumerate(bits) for layer in stage_layers(model, stage)}
    return [name for name, layer in quant_layers(model) if layer.bits != expected.get(id(layer))]


def _scores(model):
    """Return a network's scores for two reproducible random images, in evaluation mode."""
    import torch

    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return model.eval()(images)


def lab2_b(quantize_model):
    """Check `quantize_model(model, bits)`, a ResNet20 with all stages at `bits` and the model's weights: 2 points."""
    float_model, expected, other = _sample_network(), _sample_network((3, 3, 3)), _sample_network((3, 3, 3), seed=5)
    mistakes = {
        "these are the float network's scores: nothing was quantized": _scores(float_model),
        "these are other weights: copy the float network's with load_state_dict": _scores(other),
    }
    report = Report("lab2_b", "The network at fewer bits")
    report.true(
        "3 bits in all three stages, first and last layer float",
        lambda: not _misplaced(quantize_model(float_model, 3), (3, 3, 3)),
        hint="ResNet20 takes one number of bits per stage",
    )
    return report.close(
        "it computes with the float network's weights",
        lambda: _scores(quantize_model(float_model, 3)),
        _scores(expected),
        mistakes=mistakes,
        tolerance=1e-4,
    )


def lab2_c(finetune_step):
    """Check `finetune_step(model, optimizer, x, y)`, one step of quantization-aware training: 2 points, 1 hidden."""
    import torch
    from torch.nn import functional as F

    from .quantize import QuantLinear

    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(3))
    y = torch.arange(8) % 3

    def fresh():
        layer = QuantLinear(4, 3, bits=2)
        weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(4))
        layer.load_state_dict({"linear.weight": weights, "linear.bias": torch.zeros(3)})
        return layer, torch.optim.SGD(layer.parameters(), lr=0.1)

    def moved(steps, clear=True, sign=1):
        layer, optimizer = fresh()
        for _ in range(steps):
            if clear:
                optimizer.zero_grad()
            (sign * F.cross_entropy(layer(x), y)).backward()
            optimizer.step()
        return layer.weight.detach()

    def answer(steps):
        layer, optimizer = fresh()
        for _ in range(steps):
            finetune_step(layer, optimizer, x, y)
        return layer.weight.detach()

    one = {
        "the weights did not move: call backward, then optimizer.step": fresh()[0].weight.detach(),
        "the loss climbs: the sign is wrong": moved(1, sign=-1),
    }
    two = {"gradients of earlier steps are still there: call optimizer.zero_grad": moved(2, clear=False)}
    report = Report("lab2_c", "One step of fine-tuning")
    report.close("one step moves the float weights", lambda: answer(1), moved(1), mistakes=one)
    return report.close("two steps in a row", lambda: answer(2), moved(2), mistakes=two)


def lab2_d(set_bits):
    """Check `set_bits(model, bits)`, which gives each stage of a ResNet20 its own bits: 2 points, 1 hidden."""

    def misplaced(bits):
        model = _sample_network()
        changed = set_bits(model, bits)
        return len(_misplaced(model if changed is None else changed, bits))

    def scores():
        model = _sample_network()
        return _scores(set_bits(model, (4, 2, 3)) or model)

    report = Report("lab2_d", "Bits for each stage")
    label = "every layer has its stage's bits, first and last are float"
    hint = "some layers have other bits: each stage has six 3x3 convolutions, stages 2 and 3 a 1x1 shortcut as well"
    report.true(label, lambda: misplaced((4, 2, 3)) == 0, hint=hint)
    unquantized = {"these are the float network's scores: nothing was quantized": _scores(_sample_network())}
    expected = _scores(_sample_network((4, 2, 3)))
    return report.close("the network computes with these bits", scores, expected, 1, unquantized, tolerance=1e-4)


def lab2_e(average_bits):
    """Check `average_bits(layers)`, the mean bits per weight of [(weights, bits), ...]: 6 points, 1 hidden."""
    layers = [(432, None), (13_824, 4), (51_200, 4), (204_800, 2), (640, None)]
    total = sum(count for count, _ in layers)
    quantized = sum(count * bits for count, bits in layers if bits is not None)
    right = (quantized + 32 * (432 + 640)) / total
    mistakes = {
        "this is the mean over layers: a layer counts with its number of weights": (32 + 4 + 4 + 2 + 32) / 5,
        "float layers are missing: they count 32 bits a weight": quantized / total,
        "first and last layer are left out: they count, at 32 bits": quantized / (total - 432 - 640),
        "this is the total number of bits: divide by the number of weights": right * total,
    }
    report = Report("lab2_e", "The average precision")
    report.close("the scheme {4, 4, 2}", lambda: average_bits(layers), right, 2, mistakes)
    report.close("one layer of 10 weights at 3 bits", lambda: average_bits([(10, 3)]), 3)
    report.close("a float layer counts 32 bits", lambda: average_bits([(5, None), (5, 2)]), 17)
    return report.close("zero bits are bits too", lambda: average_bits([(6, 0), (2, 8)]), 2, 2)


def lab2_f(cheapest):
    """Check `cheapest(drops, saved)`, the index of the smallest accuracy drop per bit saved: 1 point, 1 hidden."""
    mistakes = {
        "this is the smallest drop: divide it by the bits that it saves": 0,
        "this is the largest saving: a drop belongs over it": 1,
        "this is the DEAREST: look for the smallest drop per bit": 2,
    }
    drops, saved = [0.01, 0.6, 0.06, 0.02], [0.01, 2.0, 0.02, 0.5]
    report = Report("lab2_f", "The cheapest saving")
    return report.close("four stages", lambda: cheapest(drops, saved), 3, 1, mistakes)
