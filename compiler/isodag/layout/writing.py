"""A tree in, its text out: two blanks a level, lists as far left as their key, 120 columns."""

from __future__ import annotations

import math

from isodag.layout.spelling import spelt
from isodag.layout.tree import Collection, Entry, Leaf, Node

WIDTH = 120
IGNORE = "# isodag:"  # such a comment is about what stands on its line: that stays there


def write(tree: Collection) -> str:
    """The text of a document's mapping; a block of several lines stands between empty lines."""
    out: list[str] = []
    apart = False  # what follows keeps a distance from what came before
    for entry in tree.entries:
        block = _entry(entry, 0)
        above, body = block[: len(entry.above)], block[len(entry.above) :]
        large = isinstance(entry.value, Collection) and len(body) - len(entry.below) > 1
        if not out and above[:1] == [""]:
            del above[0]
        elif out and (large or apart) and above[:1] != [""]:
            above.insert(0, "")
        out += above + body
        apart = large
    out += _own(tree.tail, 0, bool(out))
    return "\n".join(out) + "\n"


def _block(node: Collection, indent: int) -> list[str]:
    """The lines of a collection's entries."""
    out: list[str] = []
    for entry in node.entries:
        part = _entry(entry, indent)
        out += part[1:] if not out and part[0] == "" else part
    return out + _own(node.tail, indent, bool(out))


def _own(notes: tuple[str, ...], indent: int, after: bool) -> list[str]:
    """Comments as lines; one empty line at most stands between two."""
    found = [" " * indent + note if note else "" for note in notes]
    return found if after or found[:1] != [""] else found[1:]


def _entry(entry: Entry, indent: int) -> list[str]:
    """An entry with its comments."""
    above = _own(entry.above, indent, True)
    more: list[str] = []
    if entry.key is not None:
        body = _pair(entry.key, entry, indent)
    else:
        body, more = _item(entry, indent)
    return above + more + body + _own(entry.below, indent, True)


def _pair(key: Leaf, entry: Entry, indent: int) -> list[str]:
    head = " " * indent + spelt(key, flow=False) + ":"
    value = entry.value
    if (line := _line(value, len(head) + 1, entry.beside)) is not None:
        return [_with(f"{head} {line}".rstrip(), entry.beside)]
    if isinstance(value, Leaf):
        return _text(value, head, indent + 2, entry.beside)
    first = _with(f"{head} {value.props}".rstrip(), entry.beside)
    return [first, *_block(value, indent + 2 if value.mapping else indent)]


def _item(entry: Entry, indent: int) -> tuple[list[str], list[str]]:
    """An item's lines, and the comments within it that must stand above its `-`."""
    head, value = " " * indent + "-", entry.value
    if (line := _line(value, len(head) + 1, entry.beside)) is not None:
        return [_with(f"{head} {line}".rstrip(), entry.beside)], []
    if isinstance(value, Leaf):
        return _text(value, head, indent + 2, entry.beside), []
    if value.props:
        return [_with(f"{head} {value.props}", entry.beside), *_block(value, indent + 2)], []
    block = _block(value, indent + 2)
    count = next(n for n, line in enumerate(block) if line and not line.lstrip().startswith("#"))
    more = [" " * indent + entry.beside] if entry.beside else []
    more += [" " * indent + line.lstrip() if line else "" for line in block[:count]]
    body = block[count:]
    return [f"{head} {body[0].lstrip()}", *body[1:]], more


def _line(node: Node, column: int, beside: str) -> str | None:
    """A node on one line that begins at a column; None where it needs more."""
    width = math.inf if beside.startswith(IGNORE) else WIDTH
    if isinstance(node, Leaf):
        if node.style in ("|", ">") or "\n" in node.raw:
            return None
        text = spelt(node, flow=False)
        return text if not node.broken or column + len(text) <= width else None
    if not node.entries:
        return _flow(node, math.inf)
    flow = _flow(node, width - column) if node.flow else None
    return None if flow is None or node.said() else flow


def _flow(node: Node, room: float) -> str | None:
    """A node as it stands inside a flow collection; None where it takes several lines, or more
    than `room` characters."""
    if isinstance(node, Leaf):
        text = spelt(node, flow=True)
        return None if "\n" in node.raw or len(text) > room else text
    parts = []
    room -= 2 + len(node.props)  # the brackets
    for entry in node.entries:
        key = f"{spelt(entry.key, flow=True)}: " if entry.key is not None else ""
        value = _flow(entry.value, room - len(key))
        if value is None:
            return None
        parts.append(f"{key}{value or 'null'}")
        room -= len(parts[-1]) + 2
    if room < -2:
        return None
    inner = ", ".join(parts)
    return f"{node.props} {f'{{{inner}}}' if node.mapping else f'[{inner}]'}".strip()


def _text(leaf: Leaf, head: str, indent: int, beside: str) -> list[str]:
    """A leaf of several lines, or one too long for the line of its key."""
    start = f"{head} {leaf.props}".rstrip()
    margin = " " * indent
    if leaf.style in ("|", ">"):
        content = [margin + line if line else "" for line in leaf.lines]
        return [_with(f"{start} {leaf.raw}", beside), *content]
    first, *rest = [leaf.raw] if "\n" not in leaf.raw else leaf.raw.split("\n")
    if not rest:
        first = spelt(leaf, flow=False).removeprefix(leaf.props).lstrip()
    first = _trimmed(first)
    lines = [_trimmed(line.lstrip()) for line in rest]
    lines = [margin + line if line else "" for line in lines]
    if leaf.broken:
        made = [start, margin + first, *lines]
    else:
        made = [f"{start} {first}", *lines]
    return [*made[:-1], _with(made[-1], beside)]


def _trimmed(line: str) -> str:
    """A line of text without the blanks at its end, which mean nothing; `\\ ` is no blank."""
    bare = line.rstrip()
    escapes = len(bare) - len(bare.rstrip("\\"))
    return line if escapes % 2 and bare != line else bare


def _with(line: str, comment: str) -> str:
    return f"{line} {comment}".lstrip() if comment and not line.strip() else \
        f"{line} {comment}" if comment else line  # fmt: skip
