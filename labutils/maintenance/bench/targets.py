"""What the bench aims at: the ratios of ours to what stands beside it, at least or at most."""

FINE_TUNING, EVALUATION = 4.0, 3.0  # times the homework's loop, at least
# Of the convolutions' speed alone, at least: everything else may take a quarter of a training step where bfloat16 makes
# the convolutions quick, 15 % where not, and as much of an evaluation.
STEP = {"bfloat16": 0.75, "float32": 0.85}
EVALUATED_ALONE = 0.85
TO_ACCURACY = 10  # times less than the homework's loop, at least
MANY_PENALTIES = 50  # times one, at most, for 1,000 at once
LARGE_STEP = 1.3  # times the bare products, at most, at d = 5000
MEMORY = 1.0  # times 1.5 GB, at most
BFLOAT16 = 0.998  # of the images that float32 gets right, at least
