"""Lab 1's mathematics, in NumPy alone: the regression problem, its penalties and the methods that descend it."""

from .. import hand_on

__getattr__ = hand_on(__name__, regression="THREE_POINTS TWO_POINTS Regression lasso_three_points sparse_problem")
