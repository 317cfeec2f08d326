"""One verb per module: takes ports, returns a result, does no input or output of its own."""
