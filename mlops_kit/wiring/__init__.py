"""Builds the outside world once, from configuration and inputs; verbs get ports and never build one themselves.

Each function imports its adapter when it is called, so that no verb pays for a library it does not use.
"""

from mlops_kit.wiring.clinic import Visit, open_clinic, open_settings
from mlops_kit.wiring.data import open_drift, render_drift_page
from mlops_kit.wiring.hand_overs import open_clerk, open_handed, open_packer
from mlops_kit.wiring.handed_over import read_artifact, read_event, read_image
from mlops_kit.wiring.names import list_environments, list_models, list_stages
from mlops_kit.wiring.onboarding import file_writer, find_pin, read_branches, read_example
from mlops_kit.wiring.promotions import (
    move_alias,
    open_board,
    open_deployers,
    open_drafts,
    open_locks,
    open_log,
    open_registry,
    open_world,
)
from mlops_kit.wiring.repository import (
    check_locks,
    check_pipelines,
    has_registry,
    load_config,
    open_git,
    open_work_tree,
    write_text,
)
from mlops_kit.wiring.reviews import (
    open_bench,
    open_cml,
    open_darkroom,
    open_forge,
    open_gallery,
    open_head,
    open_issues,
    open_pictures,
    open_sources,
    render_page,
)
from mlops_kit.wiring.runs import (
    RunSetting,
    count_jobs,
    count_processors,
    open_ledger,
    open_lookout,
    open_own_loop,
    open_workshop,
)
from mlops_kit.wiring.scoring import open_contest
from mlops_kit.wiring.sweeps import SweepPlan, Winner, apply_trial, open_laboratory, open_search, remember_sweep
from mlops_kit.wiring.training import find_root, has_dvc_remote, open_proposer, open_trainer, with_handed

__all__ = [
    "RunSetting",
    "SweepPlan",
    "Visit",
    "Winner",
    "apply_trial",
    "check_locks",
    "check_pipelines",
    "count_jobs",
    "count_processors",
    "file_writer",
    "find_pin",
    "find_root",
    "has_dvc_remote",
    "has_registry",
    "list_environments",
    "list_models",
    "list_stages",
    "load_config",
    "move_alias",
    "open_bench",
    "open_board",
    "open_clerk",
    "open_clinic",
    "open_cml",
    "open_contest",
    "open_darkroom",
    "open_deployers",
    "open_drafts",
    "open_drift",
    "open_forge",
    "open_gallery",
    "open_git",
    "open_handed",
    "open_head",
    "open_issues",
    "open_laboratory",
    "open_ledger",
    "open_locks",
    "open_log",
    "open_lookout",
    "open_own_loop",
    "open_packer",
    "open_pictures",
    "open_proposer",
    "open_registry",
    "open_search",
    "open_settings",
    "open_sources",
    "open_trainer",
    "open_work_tree",
    "open_workshop",
    "open_world",
    "read_artifact",
    "read_branches",
    "read_event",
    "read_example",
    "read_image",
    "remember_sweep",
    "render_drift_page",
    "render_page",
    "with_handed",
    "write_text",
]
