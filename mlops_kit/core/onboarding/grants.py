"""What the reusable workflows may do, and for what: the grants that a caller must hand on.

A called workflow never has more rights than its caller grants. Tests compare this with the shipped workflows.
"""

from collections.abc import Mapping
from types import MappingProxyType

REVIEW: Mapping[str, str] = MappingProxyType(
    {"contents": "write", "pull-requests": "write", "checks": "write", "statuses": "write"}
)
PROMOTE: Mapping[str, str] = MappingProxyType(
    {"contents": "write", "deployments": "write", "pull-requests": "write", "actions": "read"}
)
GRANTS: Mapping[str, Mapping[str, str]] = MappingProxyType({"review": REVIEW, "promote": PROMOTE, "reconcile": PROMOTE})
FURTHER: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "promote-cloud": MappingProxyType({"id-token": "write", **PROMOTE}),
        "rollback": MappingProxyType({"contents": "write", "pull-requests": "write"}),
    }
)
"""Those of the workflows that nobody needs to begin with."""
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "review": "the lock that comes back, pictures, the one comment, the check",
        "promote": "the log's tags, the page of environments, where it is live",
        "reconcile": "as promote",
    }
)
"""Why, in the few words that fit beside a grant."""
