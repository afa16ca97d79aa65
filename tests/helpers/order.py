"""In which order the files of the suite are run."""

# The longest files, longest first: so the processes that share the suite end at about the same time.
LONGEST = (
    *("test_browser.py", "08_few_bits.ipynb", "06_ste_quantization.ipynb", "test_parity.py"),
    *("07_mixed_precision.ipynb", "test_bundle.py", "test_class_run.py", "test_nbgrader.py"),
    *("test_training.py", "test_sandbox.py", "test_fuzz.py", "test_same_points.py", "test_accelerator.py"),
    *("test_mutations.py", "test_site.py", "test_bench.py", "00_true_or_false.ipynb"),
)
