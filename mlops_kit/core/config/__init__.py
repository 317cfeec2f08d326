"""What `mlops.yaml` says, typed: environments, gates, metrics, registry.

The models are the one source of schemas/config.schema.json. Reading the file is an adapter's work; turning its text
into a Config, with every problem at once, is `parse_config`.
"""

from mlops_kit.core.config.drift import Correction, DriftPolicy, Thresholds
from mlops_kit.core.config.guards import ApprovalKind, ApprovalPolicy, Freeze, Weekday
from mlops_kit.core.config.model import (
    CONFIG_FILE,
    Amount,
    Baseline,
    Config,
    Deploy,
    Environment,
    Gate,
    Goal,
    Level,
    LockPolicy,
    MetricPolicy,
    Publisher,
    RegistryChoice,
    RegistryKind,
    ReviewPolicy,
    ReviewSection,
    TrackingChoice,
    TrackingKind,
    default_config,
    default_environments,
)
from mlops_kit.core.config.parsing import parse_config
from mlops_kit.core.config.reader import PromotionPolicy, ReaderKind
from mlops_kit.core.config.training import UPDATE_IMPORTS, TrainingPolicy, Trigger

__all__ = [
    "CONFIG_FILE",
    "UPDATE_IMPORTS",
    "Amount",
    "ApprovalKind",
    "ApprovalPolicy",
    "Baseline",
    "Config",
    "Correction",
    "Deploy",
    "DriftPolicy",
    "Environment",
    "Freeze",
    "Gate",
    "Goal",
    "Level",
    "LockPolicy",
    "MetricPolicy",
    "PromotionPolicy",
    "Publisher",
    "ReaderKind",
    "RegistryChoice",
    "RegistryKind",
    "ReviewPolicy",
    "ReviewSection",
    "Thresholds",
    "TrackingChoice",
    "TrackingKind",
    "TrainingPolicy",
    "Trigger",
    "Weekday",
    "default_config",
    "default_environments",
    "parse_config",
]
