"""core/promotion/gto.py: the log as GTO's tags."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops_kit.core.promotion.gto import gto_name, missing_tags
from mlops_kit.core.types import CommitSha, EnvironmentName, GtoTag, Model, ModelName, PromotionKind, PromotionRecord
from mlops_kit.testing.mirror import MemoryMirror
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, Scene, digest_of

START = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = {CHURN: "churn"}


def commit_of(letter: str) -> CommitSha:
    return CommitSha(letter * 40)


def story(text: str, environment: EnvironmentName = DEV) -> tuple[PromotionRecord, ...]:
    """Records from `a b+5 a-90`: a digest's letter, and minutes that its clock is off; an hour between two."""
    records: list[PromotionRecord] = []
    for seq, word in enumerate(text.split(), start=1):
        letter, minutes = word[0], int(word[1:] or "0")
        records.append(
            PromotionRecord(
                model=CHURN,
                environment=environment,
                seq=seq,
                digest=digest_of(letter),
                sha256="a" * 64,
                recipe="",
                previous=records[-1].digest if records else None,
                kind=PromotionKind.PROMOTE,
                commit=commit_of(letter)
                if letter not in {word[0] for word in text.split()[: seq - 1]}
                else CommitSha("f" * 40),
                recorded_at=START + timedelta(hours=seq, minutes=minutes),
            )
        )
    return tuple(records)


def picture(tags: tuple[GtoTag, ...]) -> list[str]:
    """Each tag as its name and its commit's letter."""
    return [f"{tag.name} on {tag.commit[0]}" for tag in tags]


def test_a_version_is_registered_once_and_assigned_by_each_record() -> None:
    tags = missing_tags(story("a b"), NAMES, ())
    assert picture(tags) == ["churn@v0.0.1 on a", "churn#dev#1 on a", "churn@v0.0.2 on b", "churn#dev#2 on b"]


def test_a_rollback_assigns_the_old_version_on_its_own_commit() -> None:
    assert picture(missing_tags(story("a b a"), NAMES, ()))[-1] == "churn#dev#3 on a"


def test_other_environments_share_the_versions() -> None:
    tags = missing_tags((*story("a"), *story("a+30", PRODUCTION)), NAMES, ())
    assert picture(tags) == ["churn@v0.0.1 on a", "churn#dev#1 on a", "churn#production#1 on a"]


def test_dates_follow_the_numbers_where_clocks_do_not() -> None:
    tags = missing_tags(story("a b-600 c-600"), NAMES, ())
    dates = [tag.seconds for tag in tags if "#" in tag.name]
    assert dates == sorted({date for date in dates if date is not None})
    registered = {tag.commit: tag.seconds for tag in tags if "@" in tag.name}
    assert all((registered[tag.commit] or 0) < (tag.seconds or 0) for tag in tags if "#" in tag.name)


def test_what_a_crash_left_out_is_made_as_it_would_have_been() -> None:
    whole = missing_tags(story("a b a c"), NAMES, ())
    for length in range(len(whole) + 1):
        assert (*whole[:length], *missing_tags(story("a b a c"), NAMES, whole[:length])) == whole


def test_a_settled_mirror_wants_nothing() -> None:
    whole = missing_tags(story("a b a"), NAMES, ())
    assert missing_tags(story("a b a"), NAMES, whole) == ()


def by_hand(name: str, letter: str = "e", seconds: int | None = 5) -> GtoTag:
    return GtoTag(name=name, commit=commit_of(letter), seconds=seconds, message="by hand")


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (by_hand("churn@v2.0.3"), ["churn@v2.0.4 on a", "churn#dev#1 on a"]),
        (by_hand("churn@v2.0.3", "a"), ["churn#dev#1 on a"]),
        (by_hand("churn@v2.0.3!", "a"), ["churn@v2.0.4 on a", "churn#dev#1 on a"]),
        (by_hand("churn@v0.0.1", seconds=None), ["churn@v0.0.2 on a", "churn#dev#1 on a"]),
        (by_hand("churn#dev#1"), ["churn@v0.0.1 on a", "churn#dev#2 on a"]),
        (by_hand("churn#dev!#1"), ["churn@v0.0.1 on a", "churn#dev#2 on a"]),
        (by_hand("churner@v2.0.3"), ["churn@v0.0.1 on a", "churn#dev#1 on a"]),
        (by_hand("v2.0.3"), ["churn@v0.0.1 on a", "churn#dev#1 on a"]),
    ],
)
def test_tags_of_the_team_are_never_met(existing: GtoTag, expected: list[str]) -> None:
    assert picture(missing_tags(story("a"), NAMES, (existing,))) == expected


def test_a_registration_by_hand_after_the_record_still_comes_before_the_assignment() -> None:
    late = int(START.timestamp()) + 10**6
    (assigned,) = missing_tags(story("a"), NAMES, (by_hand("churn@v1.0.0", "a", late),))
    assert assigned.seconds == late + 1


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("churn", "dvc.yaml", "churn"),
        ("team/churn", "dvc.yaml", "team/churn"),
        ("churn", "a/b.c/dvc.yaml", "a/b.c=churn"),
        ("churn$(touch pwned)", "dvc.yaml", None),
        ("churn\n", "dvc.yaml", None),
        ("-churn", "dvc.yaml", None),
        ("chürn", "dvc.yaml", None),
        ("mlops/churn", "dvc.yaml", None),
        ("churn", "mlops/dvc.yaml", "mlops=churn"),
        ("churn", "mlops/a/dvc.yaml", None),
        ("churn", "a/.hidden/dvc.yaml", None),
        ("churn", "a.lock/dvc.yaml", "a.lock=churn"),
        ("churn", "a.lock/b/dvc.yaml", None),
        ("a//b", "dvc.yaml", None),
    ],
)
def test_names_as_gto_and_git_take_them(name: str, file: str, expected: str | None) -> None:
    assert gto_name(Model(name=ModelName("x"), artifact=name, path="m", file=file)) == expected


def test_reconcile_mirrors_repairs_and_then_writes_nothing() -> None:
    scene, mirror = Scene(), MemoryMirror()
    scene.push("dev", churn="a")
    scene.reconcile("dev")
    scene.mirror = mirror
    scene.push("dev", churn="b")
    scene.reconcile("dev")
    assert sorted(mirror.tags) == ["churn#dev#1", "churn#dev#2", "churn@v0.0.1", "churn@v0.0.2"]
    del mirror.tags["churn#dev#2"]
    scene.reconcile("dev")
    writes = mirror.writes
    scene.reconcile("dev")
    assert (sorted(mirror.tags)[1], mirror.writes) == ("churn#dev#2", writes)


def test_a_name_that_does_not_fit_is_told_and_skipped() -> None:
    scene, mirror = Scene(), MemoryMirror()
    scene.mirror = mirror
    scene.push("dev", churn="a", chürn="b")
    (outcome,) = scene.reconcile("dev")
    assert [(remark.model, remark.differs) for remark in outcome.remarks] == [("chürn", False)]
    assert sorted(mirror.tags) == ["churn#dev#1", "churn@v0.0.1"]


def test_a_name_taken_at_the_last_moment_is_looked_at_again() -> None:
    class Busy(MemoryMirror):
        """Somebody registers a version between reading and writing, once."""

        def create_tags(self, tags: object) -> bool:
            if "churn@v0.0.1" not in self.tags:
                self.tags["churn@v0.0.1"] = replace(by_hand("churn@v0.0.1"))
            return super().create_tags(tags)  # type: ignore[arg-type]

    scene, mirror = Scene(), Busy()
    scene.mirror = mirror
    scene.push("dev", churn="a")
    scene.reconcile("dev")
    assert sorted(mirror.tags) == ["churn#dev#1", "churn@v0.0.1", "churn@v0.0.2"]
