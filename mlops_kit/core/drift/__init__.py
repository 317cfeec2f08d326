"""Data drift: what two tables hold, and whether the second one still comes from where the first did."""
