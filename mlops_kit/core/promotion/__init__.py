"""From desired and observed state to a plan, and the log."""
