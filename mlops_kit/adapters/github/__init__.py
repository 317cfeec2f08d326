"""GitHub, through PyGithub: the only place that knows its API."""
