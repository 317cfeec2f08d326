"""Judges a report from a stranger by the base commit's policy, before anything of it is posted."""

from dataclasses import dataclass

from mlops_kit.commands.facts import read_metrics
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports import Git, PromotionLog, Resolver
from mlops_kit.core.review.judgement import LiveMetrics, check_origin, judge_report, needs_live, target_environment
from mlops_kit.core.review.report import Report, parse_report
from mlops_kit.core.types import CommitSha, EnvironmentName


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a judge looks at besides the report; nothing of it comes from the pull request."""

    git: Git
    log: PromotionLog
    resolver: Resolver
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
    live = read_live(bench, environment) if needs_live(config, environment) else LiveMetrics()
    return judge_report(report, config, environment, live=live)


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


def read_live(bench: Bench, environment: EnvironmentName) -> LiveMetrics:
    """The metrics of the commit that the environment's last records name; why they are unknown is a value too."""
    try:
        records = [record for record in bench.log.read_records() if record.environment == environment]
        commits = {record.model: record.commit for record in sorted(records, key=lambda record: record.seq)}
        match sorted(set(commits.values())):
            case []:
                return LiveMetrics()
            case [commit]:
                return LiveMetrics(files=read_metrics(bench.git, bench.resolver, commit))
            case several:
                return LiveMetrics(error=f"the models of {environment} come from commits {', '.join(several)}")
    except KitError as error:
        return LiveMetrics(error=str(error))
