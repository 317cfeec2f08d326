"""Adding the kit to a repository: what was found there, what is chosen, and the files that follow from both."""
