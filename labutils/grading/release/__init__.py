"""What students get: the notebooks without their solutions, in a bundle that was searched for leaks."""
