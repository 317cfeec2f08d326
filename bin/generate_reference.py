"""Writes docs/reference/ from the command line, the schemas and the workflows, and llms.txt from the index.

With --check only compares.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
import yaml

from mlops_kit.cli import CHANGING, READING, program

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
PAGES = "https://raw.githubusercontent.com/mlops-kit/mlops-kit/main"
ROW = re.compile(r"^\| \[(?P<title>[^\]]+)\]\((?P<page>[^)]+)\) \| (?P<about>.*) \|$")
HEADING = re.compile(r"^\| (?P<title>[^|\[]+) \| \|$")
NOTE = "<!-- Written by bin/generate_reference.py; change the source and run: make schemas -->"
DOCUMENTS = (
    "report",
    "evaluation",
    "forecast",
    "explanation",
    "plan",
    "status",
    "promotion",
    "environment-lock",
    "doctor",
    "hand-over",
    "retrain",
    "drift",
)
Schema = Mapping[str, Any]


def main() -> int:
    """Write or compare every page; the process's exit code."""
    pages = {FOLDER / f"{name}.md": f"{NOTE}\n\n{text.rstrip()}\n" for name, text in render_pages().items()}
    pages[ROOT / "llms.txt"] = "\n".join(_for_language_models()) + "\n"
    if "--check" not in sys.argv[1:]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = sorted(path.name for path, text in pages.items() if not path.is_file() or path.read_text("utf-8") != text)
    if old:
        sys.stderr.write(f"not what the sources say: {', '.join(old)}; run: make schemas\n")
    return 1 if old else 0


def render_pages() -> Mapping[str, str]:
    """Name to text of every page."""
    return {
        "cli": "\n".join(_command_line()),
        "config": "\n".join(_schema_page("config", "# mlops.yaml, key by key")),
        "documents": "\n".join(_documents()),
        "action": "\n".join(_workflows()),
    }


def _command_line() -> Iterator[str]:
    yield "# Command line\n"
    yield "`mlops-kit [OPTIONS] VERB [ARGUMENTS]`; results go to stdout, progress and errors to stderr.\n"
    yield "Before the verb:\n"
    yield from _options(program)
    for title, verbs in (("Verbs that only read", READING), ("Verbs that change something", CHANGING)):
        yield f"\n## {title}"
        for verb in verbs:
            yield from _verb(verb)


def _verb(verb: str) -> Iterator[str]:
    command = program.get_command(click.Context(program), verb)
    if command is None:
        raise LookupError(verb)
    arguments = [_argument(one) for one in command.params if isinstance(one, click.Argument)]
    yield f"\n### {verb}\n"
    yield f"`{' '.join(['mlops-kit', verb, *arguments, '[OPTIONS]'])}`\n"
    yield cleandoc(re.sub(r" *\x08\n", "", command.help or "")) + "\n"
    yield from _options(command)


def _argument(argument: click.Argument) -> str:
    return argument.make_metavar(click.Context(program))


def _options(command: click.Command) -> Iterator[str]:
    options = [one for one in command.params if isinstance(one, click.Option)]
    yield from _table(("option", "meaning"), ((_spelling(one), _meaning(one)) for one in options))


def _spelling(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag or option.count else f" {option.make_metavar(click.Context(program))}"
    return f"`{names}{takes}`"


def _meaning(option: click.Option) -> str:
    shown = isinstance(option.default, str | int) and not isinstance(option.default, bool) and option.default != ""
    default = f" Default: `{option.default}`." if shown and not option.count else ""
    return f"{option.help or ''}{default}"


def _documents() -> Iterator[str]:
    yield "# Documents\n"
    yield "What `--format json` prints and what a promotion tag holds: strict JSON, sorted keys, same input same bytes."
    for name in DOCUMENTS:
        yield ""
        yield from _schema_page(name, f"## {name}")


def _schema_page(name: str, heading: str) -> Iterator[str]:
    schema = _read_schema(name)
    level = "#" * (heading.count("#") + 1)
    yield f"{heading}\n"
    yield f"Schema: [`schemas/{name}.schema.json`](../../schemas/{name}.schema.json). {_about(schema)}\n"
    yield from _fields(schema)
    for part, about in sorted(schema.get("$defs", {}).items()):
        if "properties" in about:
            yield f"\n{level} {part}\n"
            yield f"{_about(about)}\n"
            yield from _fields(about)


def _read_schema(name: str) -> Schema:
    """A schema with the choices of its enumerations where they are used."""
    text = (ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8")
    choices = {f"#/$defs/{key}": part for key, part in json.loads(text).get("$defs", {}).items() if "enum" in part}

    def put_choices(part: dict[str, Any]) -> dict[str, Any]:
        found = choices.get(part.get("$ref", ""))
        return {**part, "$ref": "", "enum": found["enum"]} if found else part

    schema: Schema = json.loads(text, object_hook=put_choices)
    return schema


def _about(schema: Schema) -> str:
    return " ".join(str(schema.get("description", "")).split())


def _fields(schema: Schema) -> Iterator[str]:
    needed = schema.get("required", [])
    rows = (
        (f"`{key}`", _type(about), "required" if key in needed else _default(about), _about(about))
        for key, about in schema["properties"].items()
    )
    yield from _table(("key", "value", "default", "meaning"), rows)


def _default(about: Schema) -> str:
    default = about.get("default")
    return "" if default is None else f"`{json.dumps(default, ensure_ascii=False)}`"


def _type(about: Schema) -> str:
    """A value's kind in words."""
    if about.get("$ref"):
        return str(about["$ref"]).rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(_type(choice) for choice in about["anyOf"] if choice.get("type") != "null")
    if "const" in about or "enum" in about:
        return ", ".join(f"`{value}`" for value in about.get("enum", [about.get("const")]))
    return _container(about)


def _container(about: Schema) -> str:
    inner = next(iter(about.get("patternProperties", {}).values()), about.get("additionalProperties"))
    match about.get("type"):
        case "array":
            return f"list of {_type(about.get('items', {}))}"
        case "object" if isinstance(inner, dict):
            return f"mapping of {_type(inner)}"
        case "string" if "pattern" in about:
            return f"text like `{about['pattern']}`"
        case None:
            return "any"
        case name:
            return {"string": "text", "boolean": "`true`, `false`"}.get(str(name), str(name))


def _for_language_models() -> Iterator[str]:
    """The index of the documentation in the form of llmstxt.org, with addresses that give plain text."""
    yield "# mlops-kit\n"
    yield "> GitHub Actions and GitOps automation for DVC pipelines: reproduce, review with gates, promote by merging."
    yield (
        "\nTo add it to a repository run `mlops-kit init`, then `mlops-kit doctor --remote`. Every verb has `--help` "
        "with an example, and `--format json` where there is something to read."
    )
    for line in (ROOT / "docs" / "index.md").read_text("utf-8").splitlines():
        if heading := HEADING.match(line):
            yield f"\n## {heading['title']}\n"
        elif row := ROW.match(line):
            yield f"- [{row['title']}]({PAGES}/docs/{row['page']}): {row['about']}"


def _workflows() -> Iterator[str]:
    yield "# Action and reusable workflows\n"
    yield "## action.yml\n"
    yield from _inputs(yaml.safe_load((ROOT / "action.yml").read_text("utf-8")))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        # YAML 1.1 reads the key `on` as true.
        triggers = yaml.safe_load(path.read_text("utf-8")).get(True, {})
        called = triggers.get("workflow_call") if isinstance(triggers, dict) else None
        if called is not None:
            yield f"\n## {path.name}\n"
            yield from _inputs(called)


def _inputs(document: Schema) -> Iterator[str]:
    for kind in ("inputs", "secrets", "outputs"):
        if entries := document.get(kind):
            rows = ((f"`{name}`", _input_default(about), _about(about)) for name, about in entries.items())
            yield from _table((kind.removesuffix("s"), "default", "meaning"), rows)
            yield ""


def _input_default(about: Schema) -> str:
    if about.get("required"):
        return "required"
    default = about.get("default", "")
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`" if default != "" else ""


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(header)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    sys.exit(main())
