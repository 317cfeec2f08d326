"""Everything about one stage, as text for the terminal and as a JSON document."""

import json
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from mlops_kit.core.inspection import Content, SeenInput, SeenOutput
from mlops_kit.core.pipeline.forecast import Explanation, Fate
from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.reasons import WORDS, describe_reasons, show_both, show_duration
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.run import StageResult, Wants

_ADAPTER = TypeAdapter(Explanation)
_NOTHING = "none"
_RUN_CACHE = {
    True: "has the result for these inputs",
    False: "has nothing for these inputs",
    None: "not asked: its inputs are not known yet, or it keeps no results of such stages",
}


def render_explanation(found: Explanation) -> str:
    """Fate and reasons first, then every part of the stage."""
    sections = (
        _head(found),
        _lines("command", found.inspection.command),
        _table("inputs", ("path", "", "lock", "here", "made by"), _inputs(found)),
        _table("params", ("param", "", "lock", "here"), _params(found)),
        _table("outputs", ("path", "", "lock", "here", "cache"), map(_output, found.inspection.outputs)),
        _facts(found),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines)


def explanation_json(found: Explanation) -> str:
    """The explanation as strict JSON with sorted keys."""
    value = _ADAPTER.dump_python(found, mode="json")
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _head(found: Explanation) -> Iterator[str]:
    seconds = found.stage.seconds if found.stage.fate in {Fate.RUN, Fate.MAY_RUN} else None
    took = f" (took {show_duration(seconds)} when it last ran)" if seconds is not None else ""
    yield f"{clean(found.stage.name)}: {WORDS[found.stage.fate]}{took}"
    yield from (f"  {clean(line)}" for line in describe_reasons(found.stage.reasons))


def _lines(title: str, lines: Iterable[str]) -> Iterator[str]:
    known = tuple(lines)
    if known:
        yield title
        yield from (f"  {clean(line, limit=1000)}" for line in known)


def _table(title: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    known = tuple(rows)
    if known:
        yield title
        yield from (f"  {line}" for line in align([header, *known]))


def _inputs(found: Explanation) -> Iterator[tuple[str, ...]]:
    for seen in found.inspection.inputs:
        yield seen.path, _state(seen), *_digests(seen), ", ".join(found.writers.get(seen.path, ()))


def _params(found: Explanation) -> Iterator[tuple[str, ...]]:
    for seen in found.inspection.params:
        yield f"{seen.file}:{seen.key}", seen.content.value, *show_both(seen.old, seen.new)


def _output(seen: SeenOutput) -> tuple[str, ...]:
    kept = "yes" if seen.in_cache else "no"
    return seen.path, _state(seen), *_digests(seen), "git's" if seen.plain else kept


def _state(seen: SeenInput | SeenOutput) -> str:
    return seen.content.value


def _digests(seen: SeenInput | SeenOutput) -> tuple[str, str]:
    new = "" if seen.content in {Content.ABSENT, Content.UNSEEN} else _digest(seen.new)
    return _digest(seen.old), new


def _digest(digest: object) -> str:
    return show_digest(str(digest or ""), missing=_NOTHING)


def _facts(found: Explanation) -> Iterator[str]:
    rows = [
        ("read by", ", ".join(found.readers) or "no other stage"),
        ("wants", ", ".join(_wants(found.wants)) or "nothing special"),
        ("run-cache", _RUN_CACHE[found.in_run_cache]),
        ("last run", _last_run(found.last_run)),
    ]
    return align(rows)


def _wants(wants: Wants) -> Iterator[str]:
    if wants.gpus is not None:
        yield f"{wants.gpus} GPU" + ("" if wants.gpus == 1 else "s")
    if wants.gpu_memory_mib:
        yield f"{wants.gpu_memory_mib} MiB of memory on each"
    yield from (f"mutex {name}" for name in wants.mutexes)
    if wants.timeout_seconds is not None:
        yield f"at most {show_duration(wants.timeout_seconds)}"
    if wants.retries:
        yield f"{wants.retries} more " + ("try" if wants.retries == 1 else "tries")
    if wants.cpus != 1:
        yield f"{wants.cpus:g} CPUs"
    yield from (f"{amount:g} {name}" for name, amount in sorted(wants.resources.items()))


def _last_run(result: StageResult | None) -> str:
    if result is None:
        return "not known here"
    parts = [result.state.value, show_duration(result.seconds) if result.seconds else "", result.message, result.log]
    return ", ".join(part for part in parts if part)
