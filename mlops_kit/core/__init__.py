"""Values in, values out: what the kit decides."""
