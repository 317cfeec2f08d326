"""One outside system per module."""
