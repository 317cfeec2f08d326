"""The MLflow model registry, over HTTP or in an SQL database."""
