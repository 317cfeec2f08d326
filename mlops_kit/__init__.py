"""GitHub Actions and GitOps for DVC pipelines: a merge is a promotion."""

__version__ = "0.1.0"
