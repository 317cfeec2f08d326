"""When a model is trained again: what it was trained on, what is there now, and what the policy says of it."""
