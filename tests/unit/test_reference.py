"""The pages about the command line, the configuration and the exit codes say all there is, and nothing that is not."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlops_kit.adapters.dvc.artifacts import tree_sha256
from mlops_kit.cli import CHANGING, READING, program
from mlops_kit.core.config import parse_config
from mlops_kit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
YAML = re.compile(r"^```yaml\n(.*?)```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
CONFIGURATION = (DOCS / "configuration.md").read_text("utf-8")


def page(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text("utf-8")


def options(verb: str) -> Iterator[str]:
    command = program.get_command(click.Context(program), verb)
    for parameter in command.params if command else ():
        yield from [*parameter.opts, *parameter.secondary_opts] if isinstance(parameter, click.Option) else ()


def config_keys() -> Iterator[tuple[str, str]]:
    """Every section and key that mlops.yaml may have."""
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text("utf-8"))
    for section, part in (("Config", schema), *schema["$defs"].items()):
        yield from ((section, key) for key in part.get("properties", {}))


def test_the_reference_is_what_the_sources_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "generate_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", [*READING, *CHANGING])
def test_every_verb_and_option_has_its_place_in_the_reference(verb: str) -> None:
    section = page("cli").partition(f"\n### {verb}\n")[2].partition("\n### ")[0]
    assert section
    assert [option for option in options(verb) if option not in section] == []


def test_every_option_says_what_it_does() -> None:
    rows = re.findall(r"^\| `(-[^`]+)` \| *(.*?) *\|$", page("cli"), re.MULTILINE)
    assert [name for name, meaning in rows if not re.sub(r"Default: `[^`]*`\.", "", meaning).strip()] == []


@pytest.mark.parametrize(("section", "key"), list(config_keys()))
def test_every_key_of_the_configuration_is_explained(section: str, key: str) -> None:
    assert f"| `{key}` |" in page("config")
    told = f"| `{key}` |" in CONFIGURATION or f"`{key}`" in CONFIGURATION
    assert told, f"{section}.{key}"


def test_every_exit_code_is_explained_with_what_to_do_and_no_other() -> None:
    rows = CODE.findall((DOCS / "exit-codes.md").read_text("utf-8"))
    assert [int(number) for number, _, _ in rows] == [code.value for code in ExitCode]


@pytest.mark.parametrize("text", YAML.findall(CONFIGURATION))
def test_every_example_of_the_configuration_is_valid(text: str) -> None:
    assert parse_config(text.encode(), file="docs/configuration.md").version == 1


@pytest.mark.parametrize("name", ["action.yml", "review.yml", "promote.yml", "reconcile.yml"])
def test_the_action_and_every_reusable_workflow_has_its_inputs_listed(name: str) -> None:
    section = page("action").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert "| input |" in section


def test_the_page_about_digests_computes_what_the_kit_computes(tmp_path: Path) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", (DOCS / "reference" / "digests.md").read_text("utf-8"), re.DOTALL)
    files = {"models/churn/b/ü x": b"two", "models/churn/a": b"one", "models/churn/B": b""}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    hashes = {path.removeprefix("models/churn/"): hashlib.sha256(data).hexdigest() for path, data in files.items()}
    assert done.stdout.split() == [tree_sha256(hashes), "-"]
