"""The file that makes a service manager serve a model: a systemd unit, a compose file, or what a template makes.

Its first line says in JSON what it serves, so that the file alone tells what should run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import Digest, PromotionRecord

_MARK = "# mlops-kit "


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a rendered file says that it serves."""

    digest: Digest
    seq: int
    folder: str


def own_template(name: str) -> str:
    """The kit's own template: `systemd` or `compose`."""
    return files("mlops_kit").joinpath("templates", "serving", f"{name}.jinja").read_text("utf-8")


def render_service(template: str, record: PromotionRecord, values: Mapping[str, object], *, file: str) -> str:
    """The template filled in, `header`, `title` and the values being its names; InputError where it does not render.

    `file` names the template in messages.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters["systemd"] = _escape_for_systemd
    title = f"{record.model} in {record.environment}"
    try:
        text = environment.from_string(template).render(header=_header(record, values), title=title, **values)
    except TemplateError as error:
        raise InputError(f"the template {file} does not render: {error.message}") from error
    if read_served(text) is None:
        raise InputError(
            f"the template {file} does not begin with the kit's header", hint="its first line is {{ header }}"
        )
    return text


def read_served(text: str) -> Served | None:
    """What a rendered file says that it serves; None where its first line is not the kit's."""
    first = text.partition("\n")[0]
    try:
        said = json.loads(first.removeprefix(_MARK)) if first.startswith(_MARK) else {}
        return Served(digest=Digest.parse(said["digest"]), seq=int(said["seq"]), folder=str(said["folder"]))
    except (ValueError, TypeError, KeyError):
        return None


def _header(record: PromotionRecord, values: Mapping[str, object]) -> str:
    said = {
        "model": record.model,
        "environment": record.environment,
        "digest": str(record.digest),
        "seq": record.seq,
        "folder": str(values["folder"]),
    }
    return _MARK + json.dumps(said, sort_keys=True)


def _escape_for_systemd(text: str) -> str:
    """Within double quotes or a plain value: no specifier, no variable, no second line (systemd.service(5))."""
    cleaned = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return cleaned.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
