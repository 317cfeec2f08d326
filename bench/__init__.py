"""Paired benchmarks of the kit against plain DVC, on real runs."""
