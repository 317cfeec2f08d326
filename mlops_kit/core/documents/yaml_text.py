"""YAML documents: composed by libyaml, built here, so that every value has a place and nothing is silently dropped."""

from collections.abc import Iterator

import yaml
from yaml._yaml import CParser

from mlops_kit.core.documents.document import DATA_LIMITS, Document, Key, Limits, Mark
from mlops_kit.core.documents.scalars import Scalar, resolve_plain
from mlops_kit.core.documents.text import Lines, decode, raise_found, refusal, syntax_problem
from mlops_kit.core.errors import InvalidInputError, Location, Problem

_PLAIN = ""
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_TEXT_TAGS = frozenset({f"{_TAG}str", f"{_TAG}timestamp"})
_COLLECTION_TAGS = frozenset({_PLAIN, f"{_TAG}map", f"{_TAG}seq"})
_REASONS = {"second occurrence": "an anchor of this name exists already"}
_START = Mark(line=1, column=1, key_line=1, key_column=1)
_VERSION_LINE = "%YAML 1.1"


def parse_yaml(data: bytes, *, file: str, limits: Limits = DATA_LIMITS) -> Document:
    """A YAML document (one, UTF-8, a byte order mark allowed); InvalidInputError with every problem it can name."""
    text = decode(data, file=file)
    root = _compose(text, data, file=file, limits=limits)
    if root is None:
        return Document(file=file, value=None, find=lambda path: _START)  # noqa: ARG005 - the shape of every finder
    builder = _Builder(file, limits)
    value = builder.build(root)
    raise_found(builder.problems)
    return Document(file=file, value=value, find=lambda path: _find(root, path))


class _Composer(CParser):
    """The C parser with scalars left unresolved and nesting bounded."""

    def __init__(self, text: str, depth: int) -> None:
        CParser.__init__(self, text)
        self._left = depth
        self.limit = depth

    def resolve(self, kind: type, value: object, implicit: object) -> str:  # noqa: ARG002 - the parser's signature
        """No tag of our own: values are read when they are built."""
        return _PLAIN

    def descend_resolver(self, parent: yaml.Node | None, index: object) -> None:  # noqa: ARG002 - as above
        """Count one level down."""
        self._left -= 1
        if self._left < 0:
            mark = parent.start_mark if parent else None
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {self.limit} levels", problem_mark=mark)

    def ascend_resolver(self) -> None:
        """Count one level up."""
        self._left += 1


def _compose(text: str, data: bytes, *, file: str, limits: Limits) -> yaml.Node | None:
    if text.startswith(_VERSION_LINE):
        raise refusal("YAML 1.1 is not read", Location(file=file, line=1), hint="remove the %YAML line")
    parser = _Composer(text, limits.depth)
    try:
        root: yaml.Node | None = parser.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise InvalidInputError([_syntax(error, text, data, file)]) from error
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode("utf-8", "ignore")
        raise refusal("a control character", Lines(text).locate(len(before), file=file)) from error
    return root


def _syntax(error: yaml.MarkedYAMLError, text: str, data: bytes, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
    reason = _REASONS.get(error.problem or "", error.problem or "not YAML")
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return syntax_problem("a tab where YAML wants spaces", place, data, hint="indent with spaces")
    if "single document" in (error.context or ""):
        place = Location(file=file, line=place.line)
        return Problem(message="a second document starts here", location=place, hint="keep one document in the file")
    return syntax_problem(reason, place, data)


class _Builder:
    """Turns nodes into values; an alias is built again each time it is used, and so counts with all it stands for."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._limits = limits
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> object:
        """The value of a node; what is wrong inside is noted, what makes going on pointless is raised."""
        self._count += 1
        if self._count > self._limits.nodes:
            raise self._refuse(node, f"holds more than {self._limits.nodes:,} values, aliases counted in full")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._refuse(node, "an alias inside the value that it stands for")
        if node.tag not in _COLLECTION_TAGS:
            self._note(node, f"the tag {_shown_tag(node.tag)} is not allowed", hint="remove the tag")
            return None
        self._open.add(id(node))
        value = self._mapping(node) if isinstance(node, yaml.MappingNode) else [self.build(one) for one in node.value]
        self._open.discard(id(node))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        if (node.tag == _PLAIN and node.style != _PLAIN) or node.tag in _TEXT_TAGS:
            return str(node.value)
        if node.tag != _PLAIN and node.tag not in _SCALAR_TAGS:
            self._note(node, f"the tag {_shown_tag(node.tag)} is not allowed", hint="remove the tag")
            return None
        try:
            value = resolve_plain(node.value)
        except ValueError:
            self._note(node, "an integer has more than 4,300 digits")
            return None
        if node.tag != _PLAIN and not isinstance(value, _SCALAR_TAGS[node.tag]):
            self._note(node, f"{node.value[:40]!r} is not what its tag {_shown_tag(node.tag)} says")
        return value

    def _mapping(self, node: yaml.MappingNode) -> dict[object, object]:
        merged: dict[object, object] = {}
        entries: dict[object, object] = {}
        first: dict[object, yaml.Node] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                merged |= self._merge(value_node)
                continue
            key = self._key(key_node)
            if key in first:
                self._note_duplicate(key_node, first[key])
                continue
            first[key] = key_node
            entries[key] = self.build(value_node)
        return {**merged, **entries}

    def _key(self, node: yaml.Node) -> Scalar:
        if not isinstance(node, yaml.ScalarNode):
            raise self._refuse(node, "a list or a mapping cannot be a key")
        self._count += 1
        return self._scalar(node)

    def _merge(self, node: yaml.Node) -> dict[object, object]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[object, object] = {}
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                raise self._refuse(source, "`<<` takes a mapping or a list of mappings")
            value = self.build(source)
            merged |= value if isinstance(value, dict) else {}
        return merged

    def _note_duplicate(self, again: yaml.ScalarNode, first: yaml.Node) -> None:
        message = f"duplicate key {again.value[:80]!r}, first in line {first.start_mark.line + 1}"
        self._note(again, message, hint="keep one of the two")

    def _note(self, node: yaml.Node, message: str, *, hint: str = "") -> None:
        self.problems.append(Problem(message=message, location=self._place(node), hint=hint))

    def _refuse(self, node: yaml.Node, message: str) -> InvalidInputError:
        return refusal(message, self._place(node))

    def _place(self, node: yaml.Node) -> Location:
        return Location(file=self._file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.tag == node.style == _PLAIN


def _shown_tag(tag: str) -> str:
    return tag.replace(_TAG, "!!")[:80]


def _find(root: yaml.Node, path: tuple[Key, ...]) -> Mark:
    key_node, node = root, root
    for key in path:
        entry = next(_entries(node, key), None)
        if entry is None:
            return _mark(key_node, node)
        key_node, node = entry
    return _mark(key_node, node)


def _entries(node: yaml.Node, key: Key) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Where a key leads: its own entry first, then entries that a merge brings in."""
    if isinstance(node, yaml.SequenceNode):
        if isinstance(key, int) and 0 <= key < len(node.value):
            yield node.value[key], node.value[key]
    elif isinstance(node, yaml.MappingNode):
        yield from (entry for entry in node.value if not _is_merge(entry[0]) and _reads_as(entry[0], key))
        for inner in (value for name, value in node.value if _is_merge(name)):
            for source in inner.value if isinstance(inner, yaml.SequenceNode) else [inner]:
                yield from _entries(source, key)


def _reads_as(node: yaml.ScalarNode, key: Key) -> bool:
    return node.value == key if node.style != _PLAIN else resolve_plain(node.value) == key


def _mark(key: yaml.Node, value: yaml.Node) -> Mark:
    plain = isinstance(value, yaml.ScalarNode) and value.style == _PLAIN
    return Mark(
        line=value.start_mark.line + 1,
        column=value.start_mark.column + 1,
        key_line=key.start_mark.line + 1,
        key_column=key.start_mark.column + 1,
        written=value.value if plain else "",
    )
