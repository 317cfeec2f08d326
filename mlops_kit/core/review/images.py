"""Images that stages write: what they are by their content, and which drawings may be turned into pixels."""

import hashlib
import re

IMAGE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "webp", "svg"})
_SIDE_LIMIT = 4_000
"""Pixels of the longest side of a drawing that is rasterised."""
_MAGIC = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpg", re.compile(rb"\xff\xd8\xff")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
_REFERENCE = re.compile(rb"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HARMLESS = re.compile(rb"\s*(?:#|data:image/(?:png|jpe?g|gif|webp);base64,)", re.IGNORECASE)
_ADDRESS = re.compile(rb"""url\(\s*["']?(?!#)|@import|<!entity|<\?xml-stylesheet""", re.IGNORECASE)
_ROOT = re.compile(rb"<svg\b[^>]*>", re.IGNORECASE)
_SIDE = re.compile(rb"""\b(?:width|height)\s*=\s*["']\s*([0-9.eE+]+)\s*(px|pt|mm|cm|in|pc)?\s*["']""")
_BOX = re.compile(rb"""\bviewBox\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_UNITS = {b"": 1.0, b"px": 1.0, b"pt": 4 / 3, b"mm": 3.8, b"cm": 38.0, b"in": 96.0, b"pc": 16.0}


def is_image(path: str) -> bool:
    """Whether a plot's file is an image by its name."""
    return path.rpartition("/")[2].rpartition(".")[2].lower() in IMAGE_ENDINGS


def is_drawing(path: str) -> bool:
    """Whether an image is a drawing, which is no picture before it is rasterised."""
    return path.lower().endswith(".svg")


def image_ending(data: bytes) -> str:
    """The ending that an image's content asks for, whatever its name says; empty where it is none that is shown."""
    return next((ending for ending, magic in _MAGIC if magic.match(data)), "")


def image_file(data: bytes) -> str:
    """The name of an image among pictures: its sha256 and its content's ending; empty where it is none."""
    ending = image_ending(data)
    return f"{hashlib.sha256(data).hexdigest()}.{ending}" if ending else ""


def drawing_obstacle(data: bytes) -> str:
    """Why a drawing must not be rasterised: it would read other files or addresses, or fill the memory; else empty."""
    root = _ROOT.search(data)
    if root is None:
        return "it is no SVG"
    references = (b"".join(found) for found in _REFERENCE.findall(data))
    if _ADDRESS.search(data) or any(not _HARMLESS.match(found) for found in references if found.strip()):
        return "it refers to other files or addresses"
    sides = [*_sides(root[0])]
    if not sides or max(sides) > _SIDE_LIMIT:
        return f"it does not say that it has at most {_SIDE_LIMIT} pixels on each side"
    return ""


def _sides(root: bytes) -> list[float]:
    try:
        told = [float(number) * _UNITS[unit] for number, unit in _SIDE.findall(root)]
        box = _BOX.search(root)
        return (
            told if len(told) == 2 or box is None else [float(part) for part in box[1].replace(b",", b" ").split()[2:]]
        )
    except ValueError:
        return []
