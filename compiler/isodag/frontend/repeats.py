"""`foreach:` and `pick:` of a step: nodes in, syntax out."""

from __future__ import annotations

from isodag.expressions import Name, Template
from isodag.frontend import mentions, nodes, schema
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import IDENTIFIER, Fields, Reader
from isodag.frontend.syntax import Datum, Foreach, PickDef, Word


def foreach(reader: Reader, node: Node | None) -> Foreach | None:
    """What repeats a step; its loop variable is empty where that could not be read."""
    if node is None:
        return None
    fields = reader.fields(node, schema.FOREACH, "`foreach`")
    var = Word("", node.span)
    if "var" in fields:
        key = fields["var"][1]
        if isinstance(key, Scalar):
            reader.identifier(key, IDENTIFIER, "a loop variable")
            var = reader.word(key) if IDENTIFIER.fullmatch(key.text) else var
    type_name = reader.word(fields["type"][1]) if "type" in fields else None
    if "type" in fields.unread:
        type_name = Word("", node.span)  # what it is meant to be is not known, but something is
    if "in" not in fields:
        return Foreach(var, None, None, node.span, type_name)
    held = fields["in"][1]
    written = reader.written(held) if not isinstance(held, nodes.Mapping) else None
    if isinstance(held, nodes.Sequence) and isinstance(written, Datum):
        return Foreach(var, tuple(map(reader.tree, held.items)), None, held.span, type_name)
    if isinstance(written, Template):
        source = written if written.parts else None
        return Foreach(var, None, source, held.span, type_name)
    if not (isinstance(held, Scalar) and mentions.whole(held.text)):  # else E414 or E218 tells
        reader.wrong_kind(held, "a list", "`in`")
        return Foreach(var, None, None, held.span, type_name)
    return Foreach(var, None, Template((held.text,), held.span), held.span, type_name)


def pick(reader: Reader, node: Node | None) -> PickDef | None:
    """What a step picks from, and by which output."""
    if node is None:
        return None
    fields = reader.fields(node, schema.PICK, "`pick`")
    source = _word(reader, fields, "from") or Word("", node.span)
    said = [key for key in ("highest", "lowest") if key in fields]
    output = _word(reader, fields, said[0]) if len(said) == 1 else None
    by = None
    if output is not None and source.text:
        path = ("steps", source.text, "outputs", output.text)
        spans = (source.span, source.span, source.span, output.span)
        by = Name(path, spans, output.span)
    return PickDef(
        source=source,
        by=by,
        highest="highest" in fields,
        span=node.span,
        keys={key: scalar.span for key, (scalar, _) in fields.items()},
        unread=frozenset(fields.unread),
    )


def _word(reader: Reader, fields: Fields, key: str) -> Word | None:
    return reader.word(fields[key][1]) if key in fields else None
