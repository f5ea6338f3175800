"""E711 to E714, E719, W701 to W703: words of a spec that kfp refuses, or that say nothing."""

from __future__ import annotations

import difflib
import re

import yaml

from isodag.frontend import foreign, nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import Fields, Reader
from isodag.spec_limits import WORDS

ANNOTATIONS = ("version", "side_effects", "stability", "license", "owners")
_NEAR = 0.8  # annotations are free: only what is nearly ours is taken for a slip
_SAID = {
    "licence": "license", "sideeffects": "side_effects", "side_effect": "side_effects",
    "owner": "owners", "ver": "version", "component_version": "version",
}  # fmt: skip
_LONGEST = 128  # of the name of a pipeline that a component is compiled to (kfp/dsl/utils.py)
# https://pkg.go.dev/github.com/distribution/reference
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,})?"
)


def check(reader: Reader, fields: Fields, metadata: Fields, annotations: dict[str, str]) -> None:
    """What is wrong with the top level and the metadata of a spec."""
    if "version" in fields:
        message = "this `version` is the spec format's, not the component's"
        help = 'write it under metadata.annotations, as version: "1.0.0"'
        reader.report("W701", message, fields["version"][0].span, help)
    if "name" in fields:
        _name(reader, fields["name"][1])
    node = metadata["annotations"][1] if "annotations" in metadata else None
    for key, _ in node.pairs if isinstance(node, nodes.Mapping) else ():
        near = _SAID.get(key.text.lower()) or _near(key.text, ANNOTATIONS)
        if key.text not in ANNOTATIONS and near and near not in annotations:
            message = f"nobody reads annotation `{key.text}`"
            reader.report("W702", message, key.span, f"did you mean `{near}`?")
    said = annotations.get("side_effects", "true")
    if said.lower() not in ("true", "false") and isinstance(node, nodes.Mapping):
        place = node.get("side_effects")
        message = f'`side_effects` is `{said}`, not "true" or "false"'
        help = 'write side_effects: "true" where a run changes the world'
        reader.report("E712", message, place.span if place else node.span, help)


def _name(reader: Reader, node: Node) -> None:
    text = node.text if isinstance(node, Scalar) else ""
    folded = re.sub("[^-0-9a-z]+", "-", text.lower()).strip("-")
    if isinstance(node, Scalar) and not 0 < len(folded) <= _LONGEST:
        message = f"kfp makes no name of this: it needs 1 to {_LONGEST} letters, digits and dashes"
        reader.report("E713", message, node.span, "say in a few words what the component does")


def image(reader: Reader, parts: Fields) -> None:
    """E714: an image's reference that no registry could serve."""
    node = parts["image"][1] if "image" in parts else None
    if isinstance(node, Scalar) and (help := not_an_image(node.text)):
        reader.report("E714", f"`{node.text}` is not an image", node.span, help)


def not_an_image(text: str) -> str | None:
    """The way out for a reference that no registry could serve; None for one that is well."""
    if _IMAGE.fullmatch(text):
        return None
    bare = re.sub(r"^[a-z]+://", "", text.strip())
    head, slash, tail = bare.rpartition("/")
    name, colon, tag = tail.partition(":")
    near = f"{head}{slash}{name.lower()}{colon}{tag}"
    return f"write {near}" if _IMAGE.fullmatch(near) else "write HOST/NAME:TAG, in lower case"


def limits(reader: Reader, node: Node | None) -> None:
    """W703: an annotation of an input that is nearly one of JSON Schema's words."""
    pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
    given = {key.text for key, _ in pairs}
    for key, _ in pairs:
        if key.text in WORDS:
            continue
        near = foreign.alias(key.text, WORDS) or _near(key.text, WORDS)
        if near is not None and near not in given:
            message = f"nobody reads annotation `{key.text}`"
            reader.report("W703", message, key.span, f"did you mean `{near}`?")


def _near(word: str, known: tuple[str, ...]) -> str | None:
    folded = word.lower().replace("-", "_")
    found = difflib.get_close_matches(folded, known, n=1, cutoff=_NEAR) if len(word) < 100 else []
    return found[0] if found else None


def read_otherwise(reader: Reader, node: Node) -> None:
    """E719: plain text that YAML 1.1, which kfp and others read, takes for something else.

    What stands in the annotations of an input or output may be anything: kfp passes over it.
    """
    told = {item.span for item in reader.diagnostics}
    waiting: list[tuple[Node, bool]] = [(node, False)]
    while waiting:
        part, free = waiting.pop()
        if isinstance(part, nodes.Sequence):
            waiting += [(item, free) for item in part.items]
        elif isinstance(part, nodes.Mapping):
            port = part.get("name") is not None
            for key, value in part.pairs:
                waiting.append((value, free or (port and key.text == "annotations")))
                if key.plain and (found := _old(key.text)) and key.span not in told:
                    _otherwise(reader, key, found)
        elif part.plain and isinstance(part.value, str | int) and part.span not in told:
            found = _old(part.text)
            same = isinstance(part.value, int) and not _OCTAL.fullmatch(part.text)
            if found and not same and (found in ("value", "merge") or not free):
                _otherwise(reader, part, found)


def _otherwise(reader: Reader, scalar: Scalar, found: str) -> None:
    what = _OLD.get(found, "no text at all")
    message = f"`{scalar.text}` is {what} to kfp, which reads YAML 1.1"
    reader.report("E719", message, scalar.span, f'quote it: "{scalar.text}"')


_OLD = {"bool": "true or false", "int": "a number", "float": "a number", "timestamp": "a date"}
_OCTAL = re.compile(r"[-+]?0+[1-7][0-7]*")


def _old(text: str) -> str | None:
    """The type of plain text in YAML 1.1, where it is not text."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ())
    found = next((str(tag) for tag, pattern in resolvers if pattern.match(text)), "")
    return found.rpartition(":")[2] or None
