"""A team's own markdown in the comment: what is kept, and that nothing in it acts."""

from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.render.sanitise import ALLOWED_TAGS, sanitise
from tests.unit.render.github_page import read_page
from tests.unit.render.hostile import PIECES, texts

FOREIGN = """\
# Where it fails

On **new** _plans_, ~~old~~ `a|b`; ask @team, see [the notes](https://wiki.example/x) and [here](ftp://x).
![a plot](https://evil.example/p.png)

- one
  1. two

> quoted

| plan | errors |
|:--|--:|
| basic | 12 |

```python
x = 1

# done </code>
```

<script>alert(1)</script>
"""
KEPT = (
    "<h5>Where it fails</h5>",
    (
        "<p>On <strong>new</strong> <em>plans</em>&#44; <del>old</del> <code>a&#124;b</code>&#59; ask &#64;<wbr>team, "
        "see the notes (<code>https&#58;&#47;&#47;wiki.example/x</code>) and here&#46; [image: a plot]</p>"
    ),
    "<ul><li>one<ol><li>two</li></ol></li></ul>",
    "<blockquote><p>quoted</p></blockquote>",
    (
        "<table><thead><tr><th>plan</th><th>errors</th></tr></thead>"
        "<tbody><tr><td>basic</td><td>12</td></tr></tbody></table>"
    ),
    "<pre><code>x &#61; 1&#10;&#10;&#35; done &#60;&#47;code&#62;</code></pre>",
    "<p>&#60;script&#62;alert(1&#41;&#60;&#47;script&#62;</p>",
)


def test_structure_is_kept_and_what_acts_is_not() -> None:
    assert sanitise(FOREIGN) == KEPT


documents = st.lists(st.sampled_from(PIECES) | st.sampled_from(["\n", "\n\n", "- ", "> ", "    ", "|", "\t"])).map(
    "".join
)


@given(documents | texts | st.text())
def test_only_tags_of_the_list_are_left_and_nothing_is_linked(document: str) -> None:
    for line in sanitise(document):
        page = read_page(line)
        assert "\n" not in line
        assert set(page.tags) <= ALLOWED_TAGS
        assert page.attributes == ()
        assert page.is_balanced
        assert page.references == []


@given(documents | texts)
def test_what_is_folded_stays_folded(document: str) -> None:
    page = read_page(
        "\n".join(["<details><summary>x</summary>", "", *sanitise(document), "", "</details>", "", "after"])
    )
    assert page.is_balanced
    assert page.tags.count("details") == 1
    assert page.text.endswith("after\n")
