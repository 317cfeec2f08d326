"""Rules of shape that no linter knows: sizes, purity, names, and what the command line may import."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "mlops_kit").rglob("*.py"))
PURE = [path for path in SOURCES if path.relative_to(ROOT / "mlops_kit").parts[0] in {"core", "commands"}]
FUNCTION_LINES, MODULE_LINES = 40, 300
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "mkdir", "unlink"}
HEAVY = {"dvc", "mlflow", "github", "rich", "pandas", "numpy", "ruamel", "jinja2", "requests"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[Function]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end, decorators and docstring not counted."""
    total = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return total - ((first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0)


def test_no_function_is_over_forty_lines() -> None:
    long = [
        f"{name(path)}:{found.lineno} {found.name} has {length(found)}"
        for path in [*SOURCES, *sorted((ROOT / "bin").glob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]
        for found in functions(path)
        if length(found) > FUNCTION_LINES
    ]
    assert long == []


def test_no_module_is_over_three_hundred_lines() -> None:
    counts = {name(path): sum(bool(line.strip()) for line in path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {module: count for module, count in counts.items() if count > MODULE_LINES} == {}


def test_every_module_says_what_it_is_responsible_for() -> None:
    assert [name(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & BANNED_NAMES == set()


def effects(path: Path) -> Iterator[str]:
    """Calls that touch the world by themselves: open(...), print(...), a path's own reading and writing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input", "exec", "eval"}:
            yield f"{name(path)}:{node.lineno} {node.func.id}"
        if isinstance(node.func, ast.Attribute) and node.func.attr in FILE_METHODS:
            yield f"{name(path)}:{node.lineno} .{node.func.attr}"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_core_and_commands_touch_nothing_outside_themselves() -> None:
    assert [found for path in PURE for found in effects(path)] == []


def test_core_knows_no_clock_no_chance_and_no_thread() -> None:
    banned = {"time", "random", "secrets", "logging", "asyncio", "threading"}
    core = [path for path in PURE if "core" in path.parts]
    assert [(name(path), module) for path in core for module in imported(path) if module.split(".")[0] in banned] == []


def test_nothing_of_the_product_is_unfinished() -> None:
    marks = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b")
    assert [name(path) for path in SOURCES if marks.search(path.read_text("utf-8"))] == []


def run_steps() -> Iterator[tuple[str, str]]:
    files = [ROOT / "action.yml", *sorted((ROOT / ".github").rglob("*.yml"))]
    for path in files:
        yield from ((name(path), text) for text in find_runs(yaml.safe_load(path.read_text("utf-8"))))


def find_runs(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "run" and isinstance(inner, str):
                yield inner
            yield from find_runs(inner)
    if isinstance(value, list):
        for inner in value:
            yield from find_runs(inner)


def test_no_workflow_pastes_an_expression_into_a_shell() -> None:
    steps = list(run_steps())
    assert steps
    assert [step for step in steps if "${{" in step[1]] == []


def test_no_workflow_step_is_longer_than_five_lines() -> None:
    assert [step for step in run_steps() if len(step[1].strip().splitlines()) > 5] == []


def modules_after(words: list[str]) -> set[str]:
    """The top-level modules that a process has loaded after running the command line."""
    code = (
        "import sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs\n"
        f"code = run({words!r}, read_inputs())\n"
        "sys.stderr.write('modules ' + ' '.join({name.split('.')[0] for name in sys.modules}))\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stderr.rpartition("modules ")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["validate", "--help"]])
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    assert modules_after(words) & HEAVY == set()
