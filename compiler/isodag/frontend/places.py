"""Where the characters of a scalar stand in its file, through quotes, escapes and folded lines."""

from __future__ import annotations

_ESCAPED = {"x": 4, "u": 6, "U": 10}  # characters of an escape, the backslash included


def offsets(raw: str, text: str) -> list[int] | range:
    """For each character of `text`, and for its end, an index into `raw`; never falling.

    raw   the scalar as written, quotes or block header included
    text  what it means
    """
    block = raw[:1] in ("|", ">") and "\n" in raw
    start = raw.find("\n") + 1 if block else 0
    if (shift := raw.find(text, start)) >= 0:
        return range(shift, shift + len(text) + 1)
    places = _block(raw, text, start) if block else _flow(raw)
    places = [min(place, len(raw)) for place in places[: len(text)]]
    end = min(places[-1] + 1, len(raw)) if places else 0
    return places + [end] * (len(text) + 1 - len(places))


def _flow(raw: str) -> list[int]:
    """Of a plain or quoted scalar: a line break in it is a space, n + 1 breaks are n breaks."""
    quote = raw[0] if raw[:1] in ("'", '"') else ""
    end = len(raw) - 1 if quote and raw[-1] == quote and len(raw) > 1 else len(raw)
    places: list[int] = []
    at = len(quote)
    while at < end:
        sign = raw[at]
        if quote == '"' and sign == "\\":
            following = raw[at + 1 : at + 2]
            if following == "\n":
                at = _blank(raw, at + 1, end)
                continue
            places.append(at)
            at += _ESCAPED.get(following, 2)
        elif quote == "'" and sign == "'":
            places.append(at)
            at += 2
        elif sign in " \t\n":
            beyond = _blank(raw, at, end)
            breaks = raw.count("\n", at, beyond)
            places += range(at, beyond) if not breaks else [at] * max(1, breaks - 1)
            at = beyond
        else:
            places.append(at)
            at += 1
    return places


def _blank(raw: str, at: int, end: int) -> int:
    while at < end and raw[at] in " \t\n":
        at += 1
    return at


def _block(raw: str, text: str, start: int) -> list[int]:
    """Of a block scalar: its text with indentation between, breaks folded where it is folded."""
    places, at = [], start
    for character in text:
        while at < len(raw) and raw[at] != character:
            if character == " " and raw[at] == "\n" and raw[at + 1 : at + 2] != " ":
                break
            at += 1
        places.append(at)
        at += 1
    return places
