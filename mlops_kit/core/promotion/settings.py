"""What an environment's `deploy:` says as one hash, by which a change of configuration alone is told."""

from mlops_kit.core.config import Environment
from mlops_kit.core.promotion.canonical import hash_canonical


def digest_settings(environment: Environment) -> str:
    """The sha256 of the canonical JSON of `deploy:`, of `null` where there is none; lower-case hexadecimal."""
    deploy = environment.deploy
    return hash_canonical({"kind": deploy.kind, **deploy.settings} if deploy else None)
