"""Where a repository's settings on the forge are read; nothing here changes any."""

from typing import Protocol

from mlops_kit.core.settings import BranchRules, GuardedEnvironment, OwnRunner, ScheduledWorkflow, WorkflowRights


class Settings(Protocol):
    """The settings of one repository. RefusedError where the token may not see them, naming the permission."""

    def is_public(self) -> bool:
        """Whether everybody can see the repository."""

    def read_scopes(self) -> frozenset[str] | None:
        """The scopes of a person's classic token; None for tokens that have none."""

    def read_branch(self, branch: str) -> BranchRules:
        """What holds for a branch."""

    def list_tag_patterns(self) -> tuple[str, ...]:
        """The patterns of tags that active rulesets guard."""

    def list_environments(self) -> tuple[GuardedEnvironment, ...]:
        """The forge's environments, of every page."""

    def read_workflow_rights(self) -> WorkflowRights:
        """What workflows may do by default."""

    def list_runners(self) -> tuple[OwnRunner, ...]:
        """The runners that are registered with the repository."""

    def list_secret_names(self) -> frozenset[str]:
        """The names of the repository's secrets and of those that its organisation shares with it."""

    def list_environment_secret_names(self, environment: str) -> frozenset[str]:
        """The names of an environment's secrets."""

    def read_schedule(self, file: str) -> ScheduledWorkflow:
        """Whether a workflow file runs on its schedule, and when it did last."""
