"""The stage graph: what is drawn, what is folded, and that no name can be more than a label."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.mermaid import EDGE_LIMIT, STAGE_LIMIT, TEXT_LIMIT, Graph, Mark, Node, render_graph

LINE = re.compile(
    r"    (?:n\d+ (?:-->|-\.->) n\d+"
    r'|n\d+\["(?P<label>(?:[\w ./@-]|#\d{1,7};)*(?:<br/>(?:[\w ./@-]|#\d{1,7};)*)?)"\](?::::[a-z]+)?'
    r"|classDef [a-z]+ [a-z-]+:[#\w]+(?:,[a-z-]+:\w+)*)"
)
HARMFUL = [
    "a\nb",
    '"]; click n1 "javascript:alert(1)"',
    "x" * 300,
    "🚀 train 漢字",
    "end",
    "1. list",
    "- list",
    "`md` **b**",
    "style a:b#c;d",
    "%% comment",
    "<img src=x>",
    "#35;",
    "\u202egnp",
    "",
]
names = st.text(max_size=80) | st.sampled_from(HARMFUL)
words = st.sampled_from(["", "failed", "may run"])
sources = st.lists(st.integers(0, 200), max_size=6)
nodes = st.lists(st.tuples(names, words, st.sampled_from(Mark), sources), max_size=200)


def numbered(count: int, mark: Mark = Mark.NONE) -> list[Node]:
    """A chain."""
    return [Node(name=f"s{number}", after=(f"s{number - 1}",) if number else (), mark=mark) for number in range(count)]


def decode(text: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def test_what_stands_out_is_marked_and_only_its_styles_are_written() -> None:
    graph = render_graph(
        [
            Node(name="load"),
            Node(name="sub/dvc.yaml:train", word="changed", mark=Mark.CHANGED, after=("load", "gone")),
            Node(name="eval", word="failed", mark=Mark.FAILED, after=("sub/dvc.yaml:train",)),
        ]
    )
    assert graph == Graph(
        text="""\
flowchart LR
    n1["load"]
    n2["sub/dvc.yaml#58;train<br/>changed"]:::changed
    n3["eval<br/>failed"]:::failed
    n1 --> n2
    n2 --> n3
    classDef changed stroke:#bf8700,stroke-width:3px
    classDef failed stroke:#cf222e,stroke-width:4px"""
    )


def test_nothing_is_drawn_without_a_connection() -> None:
    assert render_graph([]) == render_graph([Node(name="a"), Node(name="b")]) == Graph()


def test_of_many_stages_the_marked_ones_and_their_neighbours_stay() -> None:
    chain = numbered(500)
    chain[100] = Node(name="s100", after=("s99",), mark=Mark.RUN)
    chain[300] = Node(name="s300", after=("s299",), mark=Mark.FAILED)
    graph = render_graph(chain)
    labels = re.findall(r'\["(s\d+)"\]', graph.text)
    assert (len(labels), graph.left_out) == (STAGE_LIMIT, 500 - STAGE_LIMIT)
    assert {"s99", "s100", "s101", "s299", "s300", "s301"} <= set(labels)
    assert "-.->" in graph.text


def test_a_way_through_stages_that_are_left_out_is_dotted() -> None:
    middle = [Node(name=f"m{number}", after=("a",)) for number in range(STAGE_LIMIT)]
    end = Node(name="z", mark=Mark.RUN, after=("last",))
    last = Node(name="last", after=("deep",))
    deep = Node(name="deep", after=("a",))
    start = Node(name="a", mark=Mark.RUN)
    graph = render_graph([start, *middle, deep, last, end])
    ids = dict(re.findall(r'(n\d+)\["(\w+)"\]', graph.text))
    dotted = {(ids[source], ids[target]) for source, target in re.findall(r"(n\d+) -\.-> (n\d+)", graph.text)}
    assert dotted == {("a", "z")}
    assert {"deep", "last"} & set(ids.values()) == set()


def test_a_graph_with_too_many_connections_says_so() -> None:
    dense = [Node(name=f"s{number}", after=tuple(f"s{other}" for other in range(number))) for number in range(40)]
    assert sum(len(node.after) for node in dense) > EDGE_LIMIT
    assert render_graph(dense) == Graph(left_out=40)


@given(nodes)
def test_no_name_is_more_than_a_label_and_each_is_shown_as_it_is(
    drawn: list[tuple[str, str, Mark, list[int]]],
) -> None:
    known = list({name: (name, word, mark, after) for name, word, mark, after in drawn}.values())
    order = [name for name, *_ in known]
    graph = render_graph(
        [
            Node(name=name, word=word, mark=mark, after=tuple(order[one % len(order)] for one in after))
            for name, word, mark, after in known
        ]
    )
    first, *lines = graph.text.split("\n") if graph.text else ["flowchart LR"]
    assert first == "flowchart LR"
    assert len(graph.text) <= TEXT_LIMIT
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found, strict=True) if not match]
    labels = [decode(match["label"].partition("<br/>")[0]) for match in found if match and match["label"] is not None]
    shown = [clean(name, limit=60) for name in order]
    assert labels == [name for name in shown if name in labels] or graph.left_out
    assert len(labels) == (len(order) - graph.left_out if graph.text else 0)


def test_sixty_of_the_longest_names_still_fit() -> None:
    wide = [
        Node(name="🚀" * 300 + str(number), word="may run", mark=Mark.RUN, after=("🚀" * 300 + "0",))
        for number in range(60)
    ]
    assert 0 < len(render_graph(wide).text) <= TEXT_LIMIT
