"""Values files and `--set`: other values laid over a definition's nodes, never another graph."""

from __future__ import annotations

from collections.abc import Collection

from isodag.diagnostics import MOST, Diagnostic, did_you_mean
from isodag.frontend import nodes, schema
from isodag.frontend.nodes import Mapping, Node, Scalar
from isodag.frontend.reader import Reader, header
from isodag.source import Source

_PARTS = {"vars": "variable", "parameters": "parameter", "steps": "step", "finally": "step"}


def lay(definition: Node, values: Node) -> tuple[Node, list[Diagnostic]]:
    """The definition's document with a `kind: Values` document laid over it.

    Mappings merge key by key, lists and scalars replace; `parameters` hold new defaults.
    """
    reader = Reader()
    if not header(reader, values, "Values") or not isinstance(definition, Mapping):
        return definition, reader.diagnostics
    fields = reader.fields(values, schema.VALUES, "a values file")
    laid = definition
    for part, noun in _PARTS.items():
        if part not in fields:
            continue
        own, wanted = definition.get(part), fields[part][1]
        if not isinstance(own, Mapping):
            own = Mapping((), definition.source, definition.start, definition.start, 1)
        known = {key.text for key, _ in own.pairs if not key.text.startswith("x-")}
        kept = []
        for key, value in wanted.pairs if isinstance(wanted, Mapping) else ():
            if key.text.startswith("x-") or len(reader.diagnostics) > MOST:
                continue
            if key.text not in known:
                help = did_you_mean(key.text, known, noun)
                if (other := _elsewhere(definition, key.text, part)) is not None:
                    help = f"`{key.text}` stands under `{other}:`"
                message = f"the pipeline has no {noun} `{key.text}`"
                reader.report("E215", message, key.span, help)
                continue
            if part == "parameters" and (default := _declared(own.get(key.text), value)):
                message = f"a values file gives a parameter its default alone, not {{{default}: …}}"
                reader.report("E108", message, value.span, f"write `{key.text}: VALUE`")
                continue
            if part == "parameters":
                value = _mapping(value, "default", key)
            elif part in ("steps", "finally"):
                what = f"a values file's step `{key.text}`"
                inner = reader.fields(value, schema.STEP_VALUES, what)
                value = _pairs(own, list(inner.values()))
            kept.append((key, value))
        laid = _with(laid, part, _merged(own, _pairs(own, kept)))
    if "targets" in fields:
        laid = _merged(laid, _pairs(laid, [fields["targets"]]))
    return laid, reader.diagnostics


def _elsewhere(definition: Mapping, name: str, part: str) -> str | None:
    """The other part of a definition that has a name."""
    for other in _PARTS:
        node = definition.get(other) if other != part else None
        if isinstance(node, Mapping) and node.get(name) is not None:
            return other
    return None


def _declared(parameter: Node | None, value: Node) -> str | None:
    """The key by which a value shows that it declares a parameter anew, where no JSON is due."""
    given = parameter.get("type") if isinstance(parameter, Mapping) else None
    if not isinstance(value, Mapping) or getattr(given, "text", "") == "JsonObject":
        return None
    words = {key.name for key in schema.PARAMETER}
    found = [key.text for key, _ in value.pairs]
    return found[0] if found and set(found) <= words else None


def setting(text: str, taken: Collection[str] = ()) -> tuple[Source, Node | None, list[Diagnostic]]:
    """The values document that `--set path=value` stands for; the value is read as YAML.

    taken  the names of other sources, of which this one must not have any
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    path, sign, value = text.partition("=")
    name = f"--set {path}" if "\n" not in path else "--set"
    same = sum(other == name or other.startswith(f"{name} (") for other in taken)
    source = Source(f"{name} ({same + 1})" if same else name, text)
    keys = path.split(".")
    if not sign or "\n" in path or not 2 <= len(keys) <= nodes.MAX_DEPTH or not all(keys):
        message = f"`--set {text}` is not path=value"
        help = "write it like --set targets.sagemaker.role=…"
        if sign and len(keys) == 1 and path.isidentifier():
            help = f"say where it stands: --set vars.{path}=… or --set parameters.{path}=…"
        return source, None, [Diagnostic("E113", message, source.span(0, len(text)), help)]
    # blanks for the path keep the value's places; several lines would be indented unevenly
    blanks = "" if "\n" in value else " " * (len(path) + 1)
    node, problems = nodes.parse(Source(source.path, blanks + value))
    if not value.strip():
        node, problems = Scalar("", "", False, source, len(text), len(text)), []
    if node is None:
        return source, None, problems
    end = len(path)
    for key in reversed(keys):
        start = end - len(key)
        node = _mapping(node, key, Scalar(key, key, True, source, start, end))
        end = start - 1
    for name, said in (("kind", "Values"), ("apiVersion", schema.API_VERSION)):
        head = Scalar(name, name, True, source, 0, 0)
        pairs = node.pairs if isinstance(node, Mapping) else ()
        node = Mapping(((head, Scalar(said, said, True, source, 0, 0)), *pairs), source, 0, 0, 1)
    return source, node, []


def _mapping(value: Node, name: str, place: Scalar) -> Mapping:
    key = Scalar(name, name, True, place.source, place.start, place.end)
    return Mapping(((key, value),), value.source, value.start, value.end, 2)


def _pairs(base: Mapping, pairs: list[tuple[Scalar, Node]]) -> Mapping:
    return Mapping(tuple(pairs), base.source, base.start, base.end, base.size)


def _with(base: Mapping, name: str, value: Node) -> Mapping:
    pairs = tuple((key, value if key.text == name else old) for key, old in base.pairs)
    return Mapping(pairs, base.source, base.start, base.end, base.size, base.doubled)


def _merged(base: Mapping, over: Mapping) -> Mapping:
    """Both mappings as one, `over` winning; depth is bounded by the reader's own cap."""
    pairs = {key.text: (key, value) for key, value in base.pairs}
    for key, value in over.pairs:
        old = pairs.get(key.text)
        if old is not None and isinstance(old[1], Mapping) and isinstance(value, Mapping):
            pairs[key.text] = (old[0], _merged(old[1], value))
        else:
            pairs[key.text] = (key, value)
    return Mapping(
        tuple(pairs.values()), base.source, base.start, base.end, base.size, base.doubled
    )
