"""What `reproduce` refuses before anything runs and before anything is written (rows B16, B18 and B21 to B31)."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.bad_input.project import DVC_LOCK, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The repository without a lock, for its pipeline changes with each test."""
    project = Project(tmp_path)
    project.git("rm", "-q", "dvc.lock")
    project.commit()
    return project


def stage(text: str, name: str = "a") -> str:
    return f"stages:\n  {name}:\n    cmd: touch ran\n    {text}\n"


def refuse(project: Project, text: str, *verb: str, code: int) -> list[str]:
    """The error lines; nothing ran and nothing was written."""
    project.write("dvc.yaml", text)
    answer = project.refuse(*(verb or ("reproduce",)), code=code)
    assert not (project.folder / "ran").exists()
    return answer.errors


OUTSIDE = "lies outside of the repository"


@pytest.mark.parametrize("verb", ["reproduce", "validate"])
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("outs: [../outside/w.txt]", f"dvc.yaml:4:12 stages.a.outs.0: '../outside/w.txt' {OUTSIDE}"),
        ("outs: [ok, d/../../w.txt]", f"dvc.yaml:4:16 stages.a.outs.1: 'd/../../w.txt' {OUTSIDE}"),
        ("outs: [/abs/w.txt]", f"dvc.yaml:4:12 stages.a.outs.0: '/abs/w.txt' {OUTSIDE}"),
        ("outs: [{../w: {cache: false}}]", f"dvc.yaml:4:13 stages.a.outs.0: '../w' {OUTSIDE}"),
        ("wdir: ../..", f"dvc.yaml:4:11 stages.a.wdir: '../..' {OUTSIDE}"),
        ("metrics: [../outside/secret.json]", f"dvc.yaml:4:15 stages.a.metrics.0: '../outside/secret.json' {OUTSIDE}"),
        ("plots: [{../p.csv: {x: a}}]", f"dvc.yaml:4:14 stages.a.plots.0: '../p.csv' {OUTSIDE}"),
        ("outs: [~/w]", "dvc.yaml:4:12 stages.a.outs.0: '~/w' starts with ~, which neither DVC nor a shell's quotes"),
        ("outs: ['C:\\w']", "dvc.yaml:4:12 stages.a.outs.0: 'C:\\\\w' is an absolute path of Windows"),
        ('outs: ["a\\0b"]', "dvc.yaml:4:12 stages.a.outs.0: 'a\\x00b' holds a NUL character"),
    ],
)
def test_b21_to_b23_what_lies_outside_is_refused_with_its_place(
    project: Project, text: str, error: str, verb: str
) -> None:
    assert refuse(project, stage(text), verb, code=6)[0].startswith(error)


def test_b21_a_template_that_leads_outside_is_refused_when_it_is_filled_in(project: Project) -> None:
    project.write("params.yaml", "seed: 7\nup: ../w\n")
    errors = refuse(project, stage('outs: ["${up}"]'), code=6)
    assert errors == [f"dvc.yaml stages.a: '../w' of 'a' {OUTSIDE}"]


def test_b21_every_fault_is_told_at_once(project: Project) -> None:
    assert len(refuse(project, stage("outs: [../a, /b, ~/c]"), code=6)) == 3


def test_a_nul_in_a_command_is_refused(project: Project) -> None:
    assert refuse(project, 'stages: {a: {cmd: "touch ran \\0"}}', code=2) == [
        "dvc.yaml stages.a: the command holds a NUL character"
    ]


LINKED = "is or lies behind a symbolic link that leads outside of the repository"


@pytest.mark.parametrize("text", ["outs: [link]", "outs: [link/x]", "deps: [link]", "metrics: [link/m.json]"])
def test_b24_to_b26_a_link_that_leads_outside_is_refused(project: Project, tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").mkdir()
    (project.folder / "link").symlink_to(tmp_path / "secret")
    (error,) = refuse(project, stage(text), code=6)
    assert error.startswith("dvc.yaml stages.a: 'link")
    assert error.endswith(LINKED)


@pytest.mark.parametrize("text", ["outs: [one]", "deps: [one]", "outs: [one/x]"])
def test_b26_links_in_a_circle_are_refused(project: Project, text: str) -> None:
    (project.folder / "one").symlink_to("two")
    (project.folder / "two").symlink_to("one")
    (error,) = refuse(project, stage(text), code=6)
    assert "behind symbolic links that lead in a circle" in error


def test_a_link_within_the_repository_is_fine(project: Project) -> None:
    (project.folder / "real").mkdir()
    (project.folder / "link").symlink_to("real")
    project.write("dvc.yaml", "stages: {a: {cmd: echo > link/x, outs: [real/x]}}")
    assert project.call("reproduce").code == 0


CIRCLE = """
stages:
  c: {cmd: c, deps: [y], outs: [z]}
  b: {cmd: b, deps: [x], outs: [y]}
  a: {cmd: a, deps: [z], outs: [x]}
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            CIRCLE,
            "dvc.yaml: stages need each other in a circle: a -> b -> c -> a",
        ),
        ("stages: {a: {cmd: x, deps: [d], outs: [d]}}", "dvc.yaml: stages need each other in a circle: a -> a"),
        ("stages: {a: {cmd: x, deps: [d], outs: [d/x]}}", "dvc.yaml: stages need each other in a circle: a -> a"),
        (
            "stages: {a: {cmd: x, outs: [d]}, b: {cmd: x, outs: [d/x]}}",
            "dvc.yaml: outputs overlap: 'd/x' of 'b' lies inside or around 'd' of 'a'",
        ),
        (
            "stages: {a: {cmd: x, outs: [d]}, b: {cmd: x, outs: [./d]}}",
            "dvc.yaml: the output 'd' is written by 'a' and 'b'",
        ),
        ("stages: {a: {cmd: x, outs: [d, ./d]}}", "dvc.yaml:1:32 stages.a.outs.1: the output './d' is named twice"),
        (
            "stages: {a: {cmd: x, outs: [d], metrics: [d]}}",
            "dvc.yaml:1:43 stages.a.metrics.0: the output 'd' is named twice",
        ),
    ],
)
def test_b28_circles_and_shared_outputs_are_named(project: Project, text: str, error: str) -> None:
    assert refuse(project, text, code=2) == [error]


WIDE = "stages: {wide: {matrix: {a: '${n}', b: '${deep.n}'}, cmd: 'touch ran ${key}'}}"


@pytest.mark.parametrize("verb", ["reproduce", "validate"])
def test_b29_ninety_thousand_stages_are_refused_before_dvc_makes_them(project: Project, verb: str) -> None:
    numbers = list(range(300))
    project.write("params.yaml", json.dumps({"seed": 7, "n": numbers, "deep": {"n": numbers}}))
    started = time.monotonic()
    (error,) = refuse(project, WIDE, verb, code=2)
    assert time.monotonic() - started < 5
    assert (
        error
        == "dvc.yaml:1:10 stages.wide: stands for 90,000 stages, of 90,000 in the file; at most 10,000 are allowed"
    )


@pytest.mark.parametrize(
    "text",
    [
        "vars: [{n: [1, 2, 3]}]\nstages: {e: {foreach: '${n}', do: {cmd: touch ran}}}",
        "vars: [lists.yaml]\nstages: {e: {foreach: '${all.n}', do: {cmd: touch ran}}}",
        "stages: {e: {foreach: [1, 2, 3], do: {cmd: touch ran}}}",
        "stages: {a: {cmd: touch ran}, b: {cmd: touch ran}, c: {cmd: touch ran}}",
    ],
)
def test_b29_the_limit_counts_lists_wherever_they_are_written(project: Project, text: str) -> None:
    project.write("lists.yaml", "all: {n: {a: 1, b: 2, c: 3}}\n")
    project.write("dvc.yaml", text)
    assert "stands for" in project.refuse("reproduce", "--max-stages", "2").errors[0]
    assert project.call("reproduce", "--max-stages", "3").code == 0


@pytest.mark.parametrize(("name", "shown"), [("a\nb", "a\N{REPLACEMENT CHARACTER}b"), ('"]; click', '"]; click')])
def test_b30_a_name_is_shown_harmless(project: Project, name: str, shown: str) -> None:
    project.write("dvc.yaml", json.dumps({"stages": {name: {"cmd": "exit 3"}}}))
    answer = project.call("reproduce")
    assert answer.code == 7
    assert f"{shown} " in answer.out.splitlines()[1]
    assert "a\nb" not in answer.out + answer.err


@pytest.mark.parametrize("name", ["n" * 300, "\N{BALLOON}", "page/a-b/sum"])
def test_b30_a_strange_name_runs(project: Project, name: str) -> None:
    project.write(
        "dvc.yaml", json.dumps({"stages": {name: {"cmd": "echo > made", "outs": ["made"]}}}, ensure_ascii=False)
    )
    answer = project.call("reproduce", "--format", "json")
    assert answer.code == 0
    assert json.loads(answer.out)["stages"][0]["name"] == name


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("stages: {s: {foreach: [1], do: {cmd: 'touch ran ${item.x}'}}}", "stages.s@1.cmd"),
        ("stages: {s: {cmd: 'touch ran ${none}'}}", "stages.s.cmd"),
        ("vars: [{a: '${b}', b: '${a}'}]\nstages: {s: {cmd: 'touch ran ${a}'}}", "interpolating is not allowed"),
        ("stages: {s: {foreach: '${none}', do: {cmd: touch ran}}}", "stages.s.foreach"),
    ],
)
def test_b31_a_template_without_a_value_is_refused_with_its_stage(project: Project, text: str, error: str) -> None:
    (found,) = refuse(project, text, code=2)
    assert error in found
    assert "dvc.yaml" in found


def test_a_date_among_the_params_is_refused_though_dvc_falls_over_it(project: Project) -> None:
    project.write("params.yaml", "seed: 7\nday: 2024-01-02\n")
    (error,) = refuse(project, stage("params: [day]"), code=2)
    assert error == "Unsupported value of type 'date' in 'params.yaml:day'"


def test_a_pipeline_that_explodes_is_refused_before_dvc_reads_it(project: Project) -> None:
    bomb = "".join(f"v{n}: &v{n} [{', '.join([f'*v{n - 1}'] * 9) if n else 'x'}]\n" for n in range(9))
    (error,) = refuse(project, f"{bomb}stages: {{a: {{cmd: touch ran}}}}", code=2)
    assert "aliases counted in full" in error


WANTS = "stages:\n  a:\n    cmd: touch ran\n    meta:\n      mlops:\n        gpus: many\n        mutx: [db]\n"


@pytest.mark.parametrize("verb", ["reproduce", "validate"])
def test_wants_are_checked_with_file_and_line(project: Project, verb: str) -> None:
    assert sorted(refuse(project, WANTS, verb, code=2)) == [
        "dvc.yaml:6:9 stages.a.meta.mlops.gpus: expected a whole number from 0, found 'many'",
        "dvc.yaml:7:9 stages.a.meta.mlops.mutx: unknown key",
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("schema: '2.0'", "schema: '3.0'", "dvc.lock:1:9: schema '3.0' is not known, expected '2.0'"),
        ("path: model.pkl", "path: ../x", "dvc.lock:20:5 stages.train: the path '../x' leads out of the repository"),
        ("4a8a08f09d37b73795649038408b5f33", "4a8a", "dvc.lock:20:5 stages.train: '4a8a' is no md5 of model.pkl"),
    ],
)
def test_b16_a_lock_that_no_dvc_writes_is_refused(tmp_path: Path, old: str, new: str, error: str) -> None:
    project = Project(tmp_path)
    project.write("dvc.lock", DVC_LOCK.replace(old, new))
    assert project.refuse("reproduce").errors == [error]


def test_a_lock_of_dvc_1_is_refused_with_the_way_out(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("dvc.lock", "prepare:\n  cmd: python prepare.py\n")
    answer = project.refuse("reproduce")
    assert answer.errors[0].startswith("dvc.lock")
    assert "DVC 1" in answer.errors[0]


MARK = '{{"write": {{"{path}": {{"pid": {pid}, "cmd": "dvc repro"}}}}}}'


@pytest.mark.parametrize("marks", ["", "{", "[1]", "null", MARK.format(path="/x", pid=99999999)])
def test_b18_marks_without_a_living_owner_are_cleared(project: Project, marks: str) -> None:
    project.write("dvc.yaml", stage("outs: [ran]"))
    project.write(".dvc/tmp/rwlock", marks)
    assert project.call("reproduce").code == 0


def test_b18_a_number_that_another_process_got_since_marks_nothing(project: Project) -> None:
    project.write("dvc.yaml", stage("outs: [ran]"))
    project.write(".dvc/tmp/rwlock", MARK.format(path=project.folder / "ran", pid=os.getpid()))
    long_ago = time.time() - 10 * 365 * 86400
    os.utime(project.folder / ".dvc/tmp/rwlock", (long_ago, long_ago))
    assert project.call("reproduce").code == 0


def test_b18_a_living_owner_is_named_and_nothing_runs(project: Project) -> None:
    owner = subprocess.Popen(["sleep", "60"])
    try:
        project.write("dvc.yaml", stage("outs: [ran]"))
        project.write(".dvc/tmp/rwlock", MARK.format(path=project.folder / "ran", pid=owner.pid))
        answer = project.call("reproduce")
        assert answer.code == 5
        assert f"process {owner.pid}" in answer.err
        assert not (project.folder / "ran").exists()
    finally:
        owner.kill()
        owner.wait()
