"""A headless browser that opens a page and measures it: what overflows, which pictures load, what the page says."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
_POLICY = re.compile(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")
_MEASURED = re.compile(r"<pre id=\"measured\">(.*?)</pre>", re.DOTALL)
_SCRIPT = """
<script>addEventListener('load', () => {
  document.querySelectorAll('details').forEach(found => found.open = true);
  const page = document.documentElement;
  const outside = [...document.querySelectorAll('body *')].filter(found => {
    const scroller = found.closest('.scroll');
    const box = found.getBoundingClientRect();
    return (!scroller || scroller === found) && box.width && box.right > page.clientWidth + 1;
  });
  const measured = {
    width: page.clientWidth,
    scroll_width: page.scrollWidth,
    outside: outside.map(found => found.tagName + ' ' + found.textContent.slice(0, 60)),
    images: [...document.images].map(image => image.complete ? image.naturalWidth : 0),
    scripts: document.scripts.length - 1,
    text: document.body.innerText,
  };
  const result = document.createElement('pre');
  result.id = 'measured';
  result.textContent = JSON.stringify(measured);
  document.body.append(result);
});</script>
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a page looks like at one width. `outside` names the elements that stick out; a broken image is 0 wide."""

    width: int
    scroll_width: int
    outside: tuple[str, ...]
    images: tuple[int, ...]
    scripts: int
    text: str


def find_browser() -> str:
    """The browser's program; the test is skipped where there is none, and fails in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no headless browser: run bin/browser")
    if found is None:
        pytest.skip("there is no headless browser: install chromium")
    return found


def measure(page: Path, folder: Path, *, width: int) -> Measured:
    """Open a page with everything unfolded at a width in pixels; the page's policy against scripts is off for that."""
    source = page.read_text("utf-8")
    copy = folder / f"measured-{width}.html"
    copy.write_text(_POLICY.sub("", source).replace("</body>", f"{_SCRIPT}</body>"), "utf-8")
    shown = _browse(folder, copy, f"--window-size={width},900", "--virtual-time-budget=5000", "--dump-dom")
    found = _MEASURED.search(shown)
    assert found, shown[-2000:]
    values = json.loads(unescape(found[1]))
    return Measured(**{**values, "outside": tuple(values["outside"]), "images": tuple(values["images"])})


def take_screenshot(page: Path, target: Path, *, width: int, height: int) -> None:
    """A picture of the page as it is first shown, as PNG."""
    _browse(target.parent, page, f"--window-size={width},{height}", f"--screenshot={target}")


def _browse(folder: Path, page: Path, *options: str) -> str:
    words = [
        find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
        f"--user-data-dir={folder / 'browser'}", "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        *options, page.resolve().as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True, cwd=folder)
    return done.stdout
