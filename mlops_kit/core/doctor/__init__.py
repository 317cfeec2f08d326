"""What is missing on a machine, a runner or a repository: facts in, findings out."""
