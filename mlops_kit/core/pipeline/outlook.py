"""Decides what a run would do: stage after stage, each after those that it reads from.

`weigh` takes in what was seen of a stage and says which question remains; `settle` takes the answer. What a stage
upstream will do decides what is known of an input: a stage that runs leaves it open, one that comes back from a cache
says which digest it will have.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.core.inspection import Content, Inspection, SeenInput, SeenOutput, StageKind
from mlops_kit.core.pipeline.forecast import CHANGES, Cause, Fate, Forecast, Reason, StageForecast, summarise
from mlops_kit.core.pipeline.order import STRICT, Order, order_stages
from mlops_kit.core.run import PlannedStage, Selection
from mlops_kit.core.types import Digest, StageName

_OPEN = frozenset({Fate.RUN, Fate.MAY_RUN})
_SETTLED = frozenset({Fate.KEEP, Fate.NOTE})


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A stage with its reasons; `question` is what its inputs will be where the run-cache should be asked, else None.

    Only inputs that are not here yet, or will be replaced, are in it; the others are as they lie here.
    """

    found: Inspection
    reasons: tuple[Reason, ...]
    question: Mapping[str, Digest] | None = None

    def has(self, *causes: Cause) -> bool:
        """Whether one of these is among the reasons."""
        return any(reason.cause in causes for reason in self.reasons)

    @property
    def changed(self) -> bool:
        """Whether the lock entry does not hold."""
        return self.has(*CHANGES)


class Outlook:
    """The forecast as it grows."""

    def __init__(self, planned: Iterable[PlannedStage], selection: Selection) -> None:
        self._planned = {stage.name: stage for stage in planned}
        self._selection = selection
        self._order = order_stages(self._planned.values())
        self.writers = find_writers(self._order)
        self._known: dict[StageName, StageForecast] = {}
        self._coming: dict[str, Digest] = {}
        self._returning: set[StageName] = set()
        self._remote: set[StageName] = set()

    @property
    def sequence(self) -> tuple[StageName, ...]:
        """The stages, each after those that it reads from."""
        places = self._order.stages
        return tuple(sorted(places, key=lambda name: (-places[name].rank, places[name].position)))

    def weigh(self, found: Inspection) -> Weighed:
        """What is against leaving the stage alone, once all that it reads from is settled."""
        reasons = tuple(dict.fromkeys(self._reasons(found)))
        weighed = Weighed(found=found, reasons=reasons)
        return Weighed(found=found, reasons=reasons, question=self._inputs(found)) if self._asks(weighed) else weighed

    def settle(self, weighed: Weighed, result: Mapping[str, Digest] | None) -> StageForecast:
        """The stage's fate; `result` is what the run-cache has for the question, by output, None where nothing."""
        found = weighed.found
        fate = self._fate(weighed, result)
        if fate in {Fate.RESTORE, Fate.ABSENT}:
            self._expect(found, result)
        if fate is Fate.RESTORE and result is None and any(_is_elsewhere(output) for output in found.outputs):
            self._remote.add(found.stage)
        after = {name for key in self._order.stages[found.stage].waits for name in self.writers.get(_path(key), ())}
        settled = StageForecast(
            name=found.stage,
            fate=fate,
            reasons=weighed.reasons,
            after=tuple(sorted(after)),
            seconds=self._planned[found.stage].seconds,
        )
        self._known[found.stage] = settled
        return settled

    def forecast(self) -> Forecast:
        """The stages that are settled, in the order of the plan; what only the remote has comes where it is needed."""
        running = [stage for stage in self._planned.values() if self._fate_of(stage.name) in _OPEN]
        needed = {name for stage in running for path in stage.reads for name in self.writers.get(path, ())}
        left = {name: replace(self._known[name], fate=Fate.ABSENT) for name in self._remote - needed}
        known = self._known | left
        return summarise(tuple(known[name] for name in self._planned if name in known))

    def _expect(self, found: Inspection, result: Mapping[str, Digest] | None) -> None:
        locked = {output.path: output.old for output in found.outputs if output.old is not None}
        coming = locked if result is None else dict(result)
        self._coming.update(coming)
        if coming == locked:
            self._returning.add(found.stage)

    def _reasons(self, found: Inspection) -> Iterator[Reason]:
        """All of them; of a stage that never ran the parts are no news."""
        if self._selection.force:
            yield Reason(cause=Cause.FORCED)
        yield from _stage_reasons(found)
        parts = (*self._input_reasons(found), *self._param_reasons(found)) if not found.frozen else ()
        if found.locked:
            yield from parts
            yield from _output_reasons(found.outputs)
        else:
            yield Reason(cause=Cause.NEVER_RAN)
            yield from (reason for reason in parts if reason.cause not in CHANGES)

    def _input_reasons(self, found: Inspection) -> Iterator[Reason]:
        for seen in found.inputs:
            yield from self._judge_input(seen)

    def _param_reasons(self, found: Inspection) -> Iterator[Reason]:
        for seen in found.params:
            if moving := self._open_writers(seen.file):
                yield from map(_upstream, moving)
            elif seen.content is not Content.SAME:
                note = {Content.NEW: "new", Content.ABSENT: "gone"}.get(seen.content, "")
                yield Reason(cause=Cause.PARAM, subject=seen.file, key=seen.key, old=seen.old, new=seen.new, note=note)

    def _judge_input(self, seen: SeenInput) -> Iterator[Reason]:
        moving = [name for name in self.writers.get(seen.path, ()) if self._fate_of(name) not in _SETTLED]
        if not moving:
            yield from _compare_here(seen)
        elif opened := [name for name in moving if self._fate_of(name) in _OPEN]:
            yield from map(_upstream, opened)
        elif len(moving) == 1 and seen.path in self._coming:
            yield from self._compare_coming(seen, moving[0])
        elif all(name in self._returning for name in moving):
            yield from self._compare_part(seen, moving)
        else:
            yield from map(_upstream, moving)

    def _compare_coming(self, seen: SeenInput, writer: StageName) -> Iterator[Reason]:
        """The writer's exact output: its digest is known before it is here."""
        digest = self._coming[seen.path]
        if digest != seen.old:
            yield _dependency(seen, digest)
        elif self._fate_of(writer) is Fate.ABSENT and seen.content is Content.ABSENT:
            yield _missing(seen.path)

    def _compare_part(self, seen: SeenInput, writers: Iterable[StageName]) -> Iterator[Reason]:
        """A part of what comes back, or a folder around it; nobody knows its digest before it is here."""
        if seen.content is Content.SAME:
            return
        fetched = self._selection.pull or any(self._fate_of(name) is Fate.ABSENT for name in writers)
        if seen.content is Content.ABSENT and fetched:
            if not self._selection.pull:
                yield _missing(seen.path)
        else:
            yield from map(_upstream, writers)

    def _open_writers(self, path: str) -> list[StageName]:
        return [name for name in self.writers.get(path, ()) if self._fate_of(name) in _OPEN | {Fate.RESTORE}]

    def _fate_of(self, name: StageName) -> Fate:
        known = self._known.get(name)
        return known.fate if known else Fate.MAY_RUN

    def _asks(self, weighed: Weighed) -> bool:
        """Whether the run-cache would be asked for the stage, and all its inputs are known."""
        found = weighed.found
        if found.kind is not StageKind.COMMAND or found.frozen or self._selection.force or not found.restorable:
            return False
        if weighed.has(Cause.UPSTREAM, Cause.UNSEEN, Cause.ALWAYS) or self._lacks_input(weighed):
            return False
        return weighed.changed or (weighed.has(Cause.MISSING) and not self._selection.pull)

    def _lacks_input(self, weighed: Weighed) -> bool:
        inputs = {seen.path for seen in weighed.found.inputs}
        return any(reason.cause is Cause.MISSING and reason.subject in inputs for reason in weighed.reasons)

    def _inputs(self, found: Inspection) -> Mapping[str, Digest]:
        """The digests of inputs that another stage will bring back."""
        return {
            seen.path: self._coming[seen.path]
            for seen in found.inputs
            if seen.path in self._coming and self.writers.get(seen.path)
        }

    def _fate(self, weighed: Weighed, result: Mapping[str, Digest] | None) -> Fate:
        if weighed.found.kind is not StageKind.COMMAND or weighed.found.frozen:
            return self._fate_without_command(weighed)
        if result is not None:
            return Fate.RESTORE
        if weighed.changed or weighed.has(Cause.ALWAYS):
            return Fate.RUN
        if weighed.has(Cause.UPSTREAM, Cause.UNSEEN):
            return Fate.MAY_RUN
        if weighed.has(Cause.MISSING):
            return Fate.RESTORE if self._selection.pull else Fate.ABSENT
        return Fate.KEEP

    def _fate_without_command(self, weighed: Weighed) -> Fate:
        found = weighed.found
        partial = any(output.content is Content.NEW for output in found.outputs)
        if found.kind is StageKind.IMPORT and (not found.frozen or partial):
            if weighed.changed or weighed.has(Cause.MISSING):
                return Fate.RUN
            return Fate.MAY_RUN if weighed.has(Cause.UNSEEN, Cause.UPSTREAM) else Fate.KEEP
        if weighed.changed:
            return Fate.NOTE
        return self._fate_of_missing(found) if weighed.has(Cause.MISSING) else Fate.KEEP

    def _fate_of_missing(self, found: Inspection) -> Fate:
        """Data that a run would fetch, take from the cache, put into the cache, or not find."""
        absent = [output for output in found.outputs if output.content is Content.ABSENT]
        if self._selection.pull:
            return Fate.RESTORE
        if not absent:
            return Fate.NOTE
        cached = all(output.in_cache for output in absent)
        return Fate.RESTORE if found.kind is StageKind.DATA and cached else Fate.ABSENT


def _is_elsewhere(output: SeenOutput) -> bool:
    return output.content is Content.ABSENT and not output.in_cache


def find_writers(order: Order) -> Mapping[str, tuple[StageName, ...]]:
    """The stages that write a path that is read, something in it, or something around it, in the plan's order."""
    writers: dict[str, list[StageName]] = {}
    for name, place in order.stages.items():
        for key in place.groups:
            if order.groups[key].strict:
                writers.setdefault(_path(key), []).append(name)
    return {path: tuple(names) for path, names in writers.items()}


def _path(key: str) -> str:
    return key.removeprefix(f"{STRICT} ")


def _stage_reasons(found: Inspection) -> Iterator[Reason]:
    """What is said of the stage itself, whatever its parts are like."""
    if found.command_changed:
        old = None if found.locked_command is None else "\n".join(found.locked_command)
        yield Reason(cause=Cause.COMMAND, old=old, new="\n".join(found.command))
    if found.restless:
        yield Reason(cause=Cause.ALWAYS)
    if found.frozen:
        yield Reason(cause=Cause.FROZEN)


def _compare_here(seen: SeenInput) -> Iterator[Reason]:
    match seen.content:
        case Content.CHANGED | Content.NEW:
            yield _dependency(seen, seen.new)
        case Content.ABSENT:
            yield _missing(seen.path)
        case Content.UNSEEN:
            yield Reason(cause=Cause.UNSEEN, subject=seen.path)
        case Content.SAME:
            pass


def _output_reasons(outputs: Iterable[SeenOutput]) -> Iterator[Reason]:
    for seen in outputs:
        where = "in the cache" if seen.in_cache else "not in the cache"
        match seen.content:
            case Content.CHANGED | Content.NEW:
                yield Reason(cause=Cause.OUTPUT, subject=seen.path, old=_text(seen.old), new=_text(seen.new))
            case Content.ABSENT:
                yield Reason(cause=Cause.MISSING, subject=seen.path, note="" if seen.plain else where)
            case Content.SAME if not (seen.in_cache or seen.plain):
                yield Reason(cause=Cause.MISSING, subject=seen.path, note="here, but not in the cache")
            case _:
                pass


def _dependency(seen: SeenInput, digest: Digest | None) -> Reason:
    return Reason(cause=Cause.DEPENDENCY, subject=seen.path, old=_text(seen.old), new=_text(digest))


def _missing(path: str) -> Reason:
    return Reason(cause=Cause.MISSING, subject=path, note="a dependency")


def _upstream(name: StageName) -> Reason:
    return Reason(cause=Cause.UPSTREAM, subject=name)


def _text(digest: Digest | None) -> str | None:
    return str(digest) if digest else None
