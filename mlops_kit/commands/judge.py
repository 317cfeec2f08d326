"""Judges a report from a stranger by the base commit's policy, before anything of it is posted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlops_kit.commands.facts import Facts
from mlops_kit.commands.ground import read_ground
from mlops_kit.commands.live import Shelf, last_records, read_live_metrics
from mlops_kit.commands.samples import read_samples
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports import Git, Objects, PromotionLog, Resolver
from mlops_kit.core.review.gates import may_be_noise
from mlops_kit.core.review.judgement import check_origin, judge_report, target_environment
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.report import Report, parse_report
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a judge looks at besides the report; nothing of it comes from the pull request.

    `objects` are the bytes that DVC keeps; None where whoever judges asks no remote.
    """

    git: Git
    log: PromotionLog
    resolver: Resolver
    objects: Objects | None = None
    config_file: str = CONFIG_FILE


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A report's bytes, and the name to use for them in messages."""

    data: bytes
    file: str


def judge(bench: Bench, evidence: Evidence, pull_request: PullRequest | MergeGroup) -> Report:
    """The report with answers and verdict by the base's policy.

    InvalidInputError for what is no report, IntegrityError for a report of another commit.
    """
    report = parse_report(evidence.data, file=evidence.file)
    check_origin(report, pull_request, file=evidence.file)
    config = read_base_policy(bench, pull_request.base)
    environment = target_environment(config, pull_request.base_branch)
    ground = read_ground(bench.git, bench.resolver, bench.objects, report=report, pull_request=pull_request)
    live = read_live(bench, environment, known=ground.known)
    judged = judge_report(report, config, environment, live=live, own=ground.reading)
    answered = ((gate.rule, gate.answer) for gate in judged.gates)
    if not may_be_noise(config.environments[environment], answered):
        return judged
    samples = read_samples(bench.git, config, ground.base)
    own = replace(ground.reading, history=samples.values, notes=samples.notes)
    return judge_report(report, config, environment, live=live, own=own)


def read_base_policy(bench: Bench, base: CommitSha) -> Config:
    """The configuration that the base commit holds, whatever is checked out; the defaults where it holds none."""
    try:
        data = bench.git.read_files(base, [bench.config_file]).get(bench.config_file)
    except InputError as error:
        raise InputError(
            f"the base commit {base} is not in this clone, and its policy judges the report",
            hint="check out the base: actions/checkout with ref: ${{ github.event.pull_request.base.sha }}",
        ) from error
    return default_config() if data is None else parse_config(data, file=bench.config_file)


def read_live(bench: Bench, environment: EnvironmentName, *, known: Mapping[CommitSha, Facts]) -> LiveMetrics:
    """The metrics of what the environment runs by its last records; why they are unknown is a value too.

    `known` are facts that were read already.
    """
    digests: dict[ModelName, Digest] = {}
    try:
        live = last_records(bench.log.read_records(), environment)
        digests = {name: record.digest for name, record in live.items()}
        shelf = Shelf(git=bench.git, resolver=bench.resolver, objects=bench.objects, known=known)
        return replace(read_live_metrics(shelf, live), digests=digests)
    except KitError as error:
        return LiveMetrics(error=str(error), digests=digests)
