"""Looks at a machine, a runner, a repository and its settings, and says what is missing, each with its fix.

One look that fails never stops the others: it is a finding itself. Nothing is changed.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mlops_kit.commands.facts import project_of
from mlops_kit.commands.init import has_pipeline
from mlops_kit.commands.validate import Validation
from mlops_kit.core.config import Config
from mlops_kit.core.doctor.finding import Condition, Diagnosis, Finding, Part, diagnose
from mlops_kit.core.doctor.machine import Machine, Runner, judge_machine, judge_runner
from mlops_kit.core.doctor.settings import (
    judge_branch,
    judge_environments,
    judge_log_rules,
    judge_rights,
    judge_runners,
    judge_schedule,
    judge_scopes,
    judge_secrets,
)
from mlops_kit.core.doctor.workflows import (
    handed_secrets,
    judge_workflows,
    runner_labels,
    scheduled_files,
)
from mlops_kit.core.documents import Document, parse_yaml
from mlops_kit.core.errors import InputError, KitError, Location, Problem, RefusedError
from mlops_kit.core.onboarding.survey import parse_remotes
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.wants import parse_wants
from mlops_kit.core.ports import Tree
from mlops_kit.core.ports.settings import Settings
from mlops_kit.core.run import Wants
from mlops_kit.core.types import Digest, EnvironmentName, Model

Findings = Iterable[Finding]
WORKFLOWS = ".github/workflows"
_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """What the doctor looks with; each is asked at most once, and may fail.

    `is_shallow` and `has_branch` are the clone's, `find_missing` asks the DVC remote which models it lacks,
    `ask_registry` gives a sentence about the registry, empty where none is set. `runner` is None outside of a job,
    `settings` where the forge is not asked. `installed` tells whether a module can be imported.
    """

    tree: Tree
    read_config: Callable[[], Config]
    validate: Callable[[], Validation]
    read_machine: Callable[[str], Machine]
    is_shallow: Callable[[], bool]
    has_branch: Callable[[str], bool]
    find_missing: Callable[[Iterable[Model]], frozenset[Digest]]
    ask_registry: Callable[[], str]
    installed: Callable[[str], bool]
    now: Callable[[], datetime]
    runner: Runner | None = None
    settings: Settings | None = None


def examine(clinic: Clinic) -> Diagnosis:
    """Everything that was found; what waits for others waits side by side."""
    documents, unread = _read_workflows(clinic.tree)
    looks: list[tuple[Part, str, Callable[[], Findings]]] = [
        (Part.MACHINE, "tools", partial(_look_at_machine, clinic)),
        (Part.REPOSITORY, "files", partial(_look_at_repository, clinic)),
        (Part.WORKFLOWS, "files", lambda: (*unread, *judge_workflows(documents))),
        (Part.REMOTE, "reach", partial(_look_at_remote, clinic)),
        (Part.REGISTRY, "reach", partial(_look_at_registry, clinic)),
    ]
    if clinic.runner is not None:
        looks.append((Part.RUNNER, "life", partial(judge_runner, clinic.runner)))
    if clinic.settings is not None:
        looks.append((Part.GITHUB, "settings", partial(_look_at_settings, clinic, clinic.settings, documents)))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda look: tuple(_guarded(*look)), looks)
        return diagnose(finding for findings in found for finding in findings)


def _guarded(part: Part, check: str, look: Callable[[], Findings]) -> Iterator[Finding]:
    """The findings of a look; where it fails, that."""
    try:
        yield from look()
    except RefusedError as error:
        yield Finding(part=part, check=check, condition=Condition.UNKNOWN, message=str(error), fix=error.hint)
    except InputError as error:
        yield from (_problem(part, check, problem) for problem in error.problems)
    except KitError as error:
        yield Finding(part=part, check=check, condition=Condition.FAIL, message=str(error), fix=error.hint)


def _look_at_machine(clinic: Clinic) -> Iterator[Finding]:
    project = project_of(clinic.tree) if has_pipeline(clinic.tree) else Project()
    machine = clinic.read_machine(_first_root(project))
    locked = sum(output.size or 0 for stage in project.stages for output in stage.outputs)
    yield from judge_machine(machine, _wants(project), locked_bytes=locked)


def _look_at_repository(clinic: Clinic) -> Iterator[Finding]:
    if not has_pipeline(clinic.tree):
        yield _here("dvc.yaml", Condition.FAIL, "there is none", fix="mlops-kit init --example starts one")
        return
    checked = clinic.validate()
    problems = checked.error.problems if checked.error else ()
    yield from (_problem(Part.REPOSITORY, "files", problem) for problem in problems)
    if not problems:
        yield _here("files", Condition.OK, f"{len(checked.files)} DVC files and mlops.yaml have no problems")
    if clinic.is_shallow():
        yield _here(
            "history", Condition.WARN, "this is a shallow clone: a report may lack its base",
            fix="git fetch --unshallow; in a workflow fetch-depth: 0",
        )  # fmt: skip
    for name, environment in clinic.read_config().environments.items():
        if not clinic.has_branch(environment.branch):
            yield _here(
                f"environment {name}", Condition.WARN, f"its branch {environment.branch} does not exist yet",
                fix=f"git push origin HEAD:refs/heads/{environment.branch}",
            )  # fmt: skip


def _look_at_remote(clinic: Clinic) -> Iterator[Finding]:
    project = project_of(clinic.tree)
    root = _first_root(project)
    path = f"{root}/.dvc/config".lstrip("/")
    remotes = parse_remotes(clinic.tree.read_files([path]).get(path))
    remote = next((one for one in remotes if one.is_default), None)
    if remote is None:
        yield Finding(
            part=Part.REMOTE, check="default", condition=Condition.WARN, message="no default remote is set",
            fix="dvc remote add --default storage s3://BUCKET/PREFIX",
        )  # fmt: skip
        return
    module = f"dvc_{remote.scheme}"
    if remote.extra and not clinic.installed(module):
        yield Finding(
            part=Part.REMOTE, check=remote.name, condition=Condition.FAIL,
            message=f"nothing is installed that reaches {remote.scheme}://",
            fix=f"pip install 'dvc[{remote.extra}]' beside the kit; in a workflow extras: {remote.extra}",
        )  # fmt: skip
        return
    yield _reached(clinic, project, remote.name)


def _reached(clinic: Clinic, project: Project, name: str) -> Finding:
    """Whether the remote answers, and has what promotion would publish."""
    models = [model for model in project.models if model.digest is not None]
    if not models:
        return Finding(
            part=Part.REMOTE, check=name, condition=Condition.UNKNOWN, message="not asked: no model is in the lock yet"
        )
    missing = clinic.find_missing(models)
    lost = sorted(model.name for model in models if model.digest in missing)
    if lost:
        return Finding(
            part=Part.REMOTE, check=name, condition=Condition.WARN, message=f"it lacks the bytes of {', '.join(lost)}",
            fix="dvc push",
        )  # fmt: skip
    return Finding(part=Part.REMOTE, check=name, condition=Condition.OK, message="it answers, and has every model")


def _look_at_registry(clinic: Clinic) -> Iterator[Finding]:
    told = clinic.ask_registry()
    yield Finding(
        part=Part.REGISTRY,
        check="mlflow",
        condition=Condition.OK,
        message=told or "none is set here: the log alone counts",
    )


def _look_at_settings(clinic: Clinic, settings: Settings, documents: tuple[Document, ...]) -> Iterator[Finding]:
    """Each setting on its own: a permission that lacks for one says nothing of another."""
    environments = clinic.read_config().environments
    looks: list[tuple[str, Callable[[], Findings]]] = [
        ("token", lambda: judge_scopes(settings.read_scopes())),
        *(
            (f"branch {one.branch} ({name})", partial(_look_at_branch, settings, name, one.branch))
            for name, one in environments.items()
        ),
        ("tags mlops/**", lambda: [judge_log_rules(settings.list_tag_patterns())]),
        ("environments", lambda: judge_environments(environments, settings.list_environments())),
        ("workflow permissions", lambda: judge_rights(settings.read_workflow_rights())),
        ("runners", lambda: _look_at_runners(settings, runner_labels(documents))),
        ("secrets", lambda: _look_at_secrets(settings, handed_secrets(documents), environments)),
        *(
            (f"schedule {file}", partial(_look_at_schedule, settings, clinic.now, file))
            for file in scheduled_files(documents)
        ),
    ]
    for check, look in looks:
        yield from _guarded(Part.GITHUB, check, look)


def _look_at_branch(settings: Settings, name: EnvironmentName, branch: str) -> Findings:
    return judge_branch(name, branch, settings.read_branch(branch))


def _look_at_runners(settings: Settings, labels: frozenset[str]) -> Findings:
    return judge_runners(settings.list_runners(), labels, public=settings.is_public())


def _look_at_secrets(settings: Settings, wanted: frozenset[str], environments: Iterable[EnvironmentName]) -> Findings:
    """Secrets of an environment count too: promotion runs in it."""
    known = settings.list_secret_names()
    for environment in environments:
        known |= settings.list_environment_secret_names(environment)
    return judge_secrets(wanted, known)


def _look_at_schedule(settings: Settings, now: Callable[[], datetime], file: str) -> Findings:
    return [judge_schedule(settings.read_schedule(file), now())]


def _read_workflows(tree: Tree) -> tuple[tuple[Document, ...], tuple[Finding, ...]]:
    """The workflow files, and a finding for each that cannot be read."""
    paths = [
        path for path in tree.list_files() if path.startswith(f"{WORKFLOWS}/") and path.endswith((".yml", ".yaml"))
    ]
    documents, unread = [], []
    for path, data in tree.read_files(paths).items():
        try:
            documents.append(parse_yaml(data, file=path))
        except InputError as error:
            unread += [_problem(Part.WORKFLOWS, "files", problem) for problem in error.problems]
    return tuple(documents), tuple(unread)


def _first_root(project: Project) -> str:
    return min((root_of(file, project.roots) for file in project.definitions), default="")


def _wants(project: Project) -> Iterator[Wants]:
    """What stages ask of a machine; a wrong wish is `validate`'s to tell."""
    for stage in project.stages:
        try:
            yield parse_wants(stage.meta, place=Location(file=stage.file), stage=stage.name)
        except InputError:
            continue


def _problem(part: Part, check: str, problem: Problem) -> Finding:
    return Finding(part=part, check=check, condition=Condition.FAIL, message=str(problem), fix=problem.hint)


def _here(check: str, condition: Condition, message: str, *, fix: str = "") -> Finding:
    return Finding(part=Part.REPOSITORY, check=check, condition=condition, message=message, fix=fix)
