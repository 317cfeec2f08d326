"""What the kit asks of the outside world, one Protocol per system.

An implementation raises KitError subclasses only: OutsideError where the system failed (safe to run again),
InputError where the question was wrong. A reading that failed raises; it never answers "nothing there".
"""

from mlops_kit.core.ports.promotion import (
    Artifacts,
    Board,
    CanaryDeployer,
    Deployer,
    Deployers,
    Mirror,
    ModelFiles,
    PromotionLog,
    Registry,
)
from mlops_kit.core.ports.repository import Clock, Commands, Git, Locks, Objects, Resolver, Tables, Tree
from mlops_kit.core.ports.review import Forge, Pictures, Tracking
from mlops_kit.core.ports.running import Engine, Forecaster, OwnLoop, Pipeline, Progress
from mlops_kit.core.ports.serving import Edit, GitOps, Services, Storage, Tools, Web

__all__ = [
    "Artifacts",
    "Board",
    "CanaryDeployer",
    "Clock",
    "Commands",
    "Deployer",
    "Deployers",
    "Edit",
    "Engine",
    "Forecaster",
    "Forge",
    "Git",
    "GitOps",
    "Locks",
    "Mirror",
    "ModelFiles",
    "Objects",
    "OwnLoop",
    "Pictures",
    "Pipeline",
    "Progress",
    "PromotionLog",
    "Registry",
    "Resolver",
    "Services",
    "Storage",
    "Tables",
    "Tools",
    "Tracking",
    "Tree",
    "Web",
]
