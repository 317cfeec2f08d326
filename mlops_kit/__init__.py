"""GitHub Actions and GitOps for DVC pipelines: a merge is a promotion."""

__version__ = "0.1.0"
DISTRIBUTION = "mlops-kit-gitops"
"""What the package index calls it; docs/adr/0012-a-name-for-the-index.md says why."""
