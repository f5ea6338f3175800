"""A request's tree made JSON, and checked against the service model on the way.

References are wrapped by the type of the place they stand in: text takes a String as it is and
anything else in a Join; a number takes a number, never text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.runtime.values import render
from isodag.source import Span
from isodag.targets.sagemaker import constraints, references
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.places import Path, Places, shown
from isodag.targets.sagemaker.references import Expr, Reference, as_text, as_value
from isodag.targets.sagemaker.remedies import PYTHON, WANTED, way_out, word
from isodag.targets.sagemaker.shapes import Shape, shape

_NUMBERS = {"integer": ("Integer",), "float": ("Integer", "Float")}
# What tells the items of a list apart, by the shape of an item; the service refuses it twice
_KEYS = {
    "ProcessingInput": "InputName",
    "ProcessingOutput": "OutputName",
    "Channel": "ChannelName",
    "Tag": "Key",
    "MetricDefinition": "Name",
    "ProductionVariant": "VariantName",
    "InstanceGroup": "InstanceGroupName",
    "HyperParameterTrainingJobDefinition": "DefinitionName",
}


@dataclass
class Checker:
    """Makes one request's JSON and keeps what is wrong with it.

    owner   what the request belongs to, as messages begin
    span    where the owner is written
    givers  where a missing member can be given; empty inside of what an input gives
    """

    owner: str
    span: Span
    places: Places = field(default_factory=Places)
    found: list[Diagnostic] = field(default_factory=list)
    givers: str = "`arguments:`, or in the component's sagemaker.yaml"

    def whole(self, tree: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
        """The request of a step kind."""
        top = shape(kind.request)
        for member in (kind.named, *kind.refused):
            if member and member in tree:
                help = "SageMaker names it for each run" if member == kind.named else "leave it out"
                said = "is nothing that the pipeline service takes"
                self.report("E501", (member,), said, self.places.keys.get((member,)), help)
        missing_ok = {kind.named, *kind.optional}
        body = {key: value for key, value in tree.items() if key not in (kind.named, *kind.refused)}
        if top.type == "anything":
            return {key: free(value) for key, value in body.items()}
        return self.structure(body, top, (), missing_ok)

    def beside(self, tree: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
        """The members beside a step's `Arguments`."""
        top = shape(kind.beside)
        if top.type == "anything":
            return {key: free(value) for key, value in tree.items()}
        made = self.structure(tree, top, ())
        return dict.fromkeys(kind.nulls) | made

    def report(
        self, code: str, path: Path, said: str, near: Span | None = None, help: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:  # fmt: skip
        """Keep a problem of the piece at a path; `near` is where it is written, when known."""
        span = near or self.places.near(path) or self.span
        owner = self.places.files.get(span.path, self.owner)
        message = f"{owner}: `{shown(path)}`{'' if said.startswith(',') else ' '}{said}"
        self.found.append(Diagnostic(code, message, span, help, related))

    # --- walking ---

    def convert(self, node: Any, shape_name: str, path: Path) -> Any:
        """The JSON of a piece that must be of a shape."""
        wanted = shape(shape_name)
        if wanted.type == "anything":
            return free(node)
        if isinstance(node, Expr):
            return self.leaf(node, wanted, path)
        if not isinstance(node, dict | list):
            return self.known(node, wanted, path, None)
        if isinstance(node, dict) and wanted.type == "structure":
            return self.structure(node, wanted, path)
        if isinstance(node, dict) and wanted.type == "map":
            self.size(len(node), wanted, path, "entries")
            for key in node:
                self.key(key, shape(wanted.key), path)
            return {
                key: self.convert(value, wanted.element, (*path, key))
                for key, value in node.items()
            }
        if isinstance(node, list) and wanted.type == "list":
            self.size(len(node), wanted, path, "items")
            self.unique(node, wanted, path)
            return [
                self.convert(item, wanted.element, (*path, index))
                for index, item in enumerate(node)
            ]
        self.mismatch(node, wanted, path, None)
        return None

    def structure(
        self, node: Mapping[str, Any], wanted: Shape, path: Path, missing_ok: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The JSON of a mapping that must be of a structure's shape."""
        made = {}
        meant = set(missing_ok)  # members that a misspelt one was meant for are not missing
        for key, value in node.items():
            if key in wanted.members:
                made[key] = self.convert(value, wanted.members[key], (*path, key))
            else:
                below = (*path, key)
                help = did_you_mean(key, wanted.members, "member")
                meant.add(suggest(key, wanted.members) or "")
                near = self.places.keys.get(below)
                self.report("E501", below, f"is no member of {_plain(wanted)}", near, help)
        for key in wanted.required:
            if key not in node and key not in meant:
                help = f"give it under {self.givers}" if self.givers else "add it there"
                near = self.places.keys.get(path)
                said = f"is missing, {_plain(wanted)} requires it"
                self.report("E502", (*path, key), said, near, help)
        return made

    # --- leaves ---

    def leaf(self, expr: Expr, wanted: Shape, path: Path) -> Any:
        """The JSON of a value, constant or not."""
        if not expr.parts:
            return None  # its problem is reported
        if expr.constant:
            return self.known(expr.value, wanted, path, expr.span)
        reference = expr.parts[0] if len(expr.parts) == 1 else None
        if wanted.type in ("string", "timestamp"):
            fits = reference is None or reference.type == "String" or not wanted.enum
            if reference is not None and not (reference.type and fits):
                self.mismatch(expr, wanted, path, expr.span)
                return as_text(expr)
            self.samples(expr, wanted, path)
            return as_text(expr)
        given = reference.type if reference is not None else "String"
        if wanted.type in _NUMBERS:
            fits = given in _NUMBERS[wanted.type]
        elif wanted.type == "boolean":
            fits = given == "Boolean"
        else:
            fits = not given  # a whole structure or list of another step
        if not fits and given != references.UNTYPED:
            self.mismatch(expr, wanted, path, expr.span)
        else:
            self.samples(expr, wanted, path)
        return as_value(expr)

    def known(self, value: Any, wanted: Shape, path: Path, near: Span | None) -> Any:
        """A value known now: numbers become text where text is due, never the other way."""
        if isinstance(value, dict | list):
            if wanted.type in ("structure", "map", "list"):
                return self.given(value, wanted, path, near)
            if wanted.type == "string":
                value = render(value)
        elif wanted.type == "string" and isinstance(value, int | float):
            value = render(value)
        elif wanted.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) in PYTHON.get(wanted.type, ()):
            self.constraints(value, wanted, path, near)
        else:
            self.mismatch(value, wanted, path, near)
        return value

    def given(self, value: Any, wanted: Shape, path: Path, near: Span | None) -> Any:
        """A mapping or list known now as a whole: what is wrong in it is said where it is given."""
        if near is None or self.places.values.get(path) == near:
            return self.convert(value, wanted.name, path)
        self.places.values[path] = self.places.keys[path] = near
        givers, self.givers = self.givers, ""
        made = self.convert(value, wanted.name, path)
        self.givers = givers
        return made

    def samples(self, expr: Expr, wanted: Shape, path: Path) -> None:
        """Check what is known of a value that a run decides.

        A parameter that stands alone may well be its default, or any value that it allows; text
        around parameters has their defaults in it, and at least the characters between them.
        """
        if expr.span is not None and expr.span in self.places.settled:
            return
        if len(expr.parts) == 1:
            self.alone(expr.parts[0], wanted, path, expr.span)
            return
        if (usual := references.usual(expr)) is not None:
            what = ", with the defaults of its parameters, "
            complaint = constraints.complain(usual, wanted)
        else:
            what = ""
            least = sum(len(part) for part in expr.parts if isinstance(part, str))
            complaint = constraints.too_long(least, wanted)
        if complaint is not None:
            said = f"{what}{complaint.said}"
            self.report(complaint.code, path, said, expr.span, complaint.help)

    def alone(self, reference: Reference, wanted: Shape, path: Path, near: Span | None) -> None:
        """Check the values that a reference is likely to have; the first wrong one is said."""
        for sample in reference.samples:
            value = render(sample.value) if wanted.type == "string" else sample.value
            complaint = constraints.complain(value, wanted)
            if complaint is not None:
                message = f"{sample.what} {complaint.said}"
                used = Related(f"{self.owner} takes it as `{shown(path)}`", near or self.span)
                found = Diagnostic(complaint.code, message, sample.span, complaint.help, (used,))
                self.found.append(found)
                return

    # --- complaints ---

    def mismatch(self, given: Any, wanted: Shape, path: Path, near: Span | None) -> None:
        """Report a value of the wrong type."""
        if isinstance(given, Expr):
            alone = given.parts[0] if len(given.parts) == 1 else None
            named = alone.type if isinstance(alone, Reference) else "String"
        else:
            named = word(given)
        said = f"takes {WANTED[wanted.type]}, not {named or 'a structure'}"
        self.report("E503", path, said, near, way_out(given, wanted))

    def size(self, count: int, wanted: Shape, path: Path, noun: str) -> None:
        """Report too many or too few items."""
        if (complaint := constraints.size(count, wanted, noun)) is not None:
            near = self.places.values.get(path) or self.places.keys.get(path)
            self.report(complaint.code, path, complaint.said, near, complaint.help)

    def unique(self, items: Collection[Any], wanted: Shape, path: Path) -> None:
        """E517: two items of a list with the name that tells them apart."""
        member = _KEYS.get(wanted.element)
        if member is None:
            return
        seen: dict[str, int] = {}
        for index, item in enumerate(items):
            given = item.get(member) if isinstance(item, dict) else None
            name = references.known(given)
            if not isinstance(name, str):
                continue
            first = seen.setdefault(name, index)
            if first != index:
                near = given.span if isinstance(given, Expr) else None
                if near is None and self.places.near(path) is None:
                    return  # generated from names that collide, which is said of the component
                said = f"is `{name}`, as `{shown((*path, first, member))}` is"
                help = "the service takes each only once: rename or remove one"
                self.report("E517", (*path, index, member), said, near, help)

    def key(self, key: str, wanted: Shape, path: Path) -> None:
        """Report a key that a map does not admit."""
        if (complaint := constraints.complain(key, wanted)) is not None:
            near = self.places.keys.get((*path, key)) or self.places.near((*path, key))
            said = f"has a key that {complaint.said}"
            self.report(complaint.code, path, said, near, complaint.help)

    def constraints(self, value: Any, wanted: Shape, path: Path, near: Span | None) -> None:
        """Report what the service does not admit; an unknown instance type only warns."""
        if near is not None and near in self.places.settled:
            return
        if isinstance(value, str) and value in self.places.images:
            return
        if (complaint := constraints.complain(value, wanted)) is not None:
            self.report(complaint.code, path, complaint.said, near, complaint.help)


def _plain(of: Shape) -> str:
    """The name of a shape in its own service: `emr:StepConfig` is `StepConfig`."""
    return of.name.rpartition(":")[2]


def free(node: Any) -> Any:
    """The JSON of a piece that may be anything: every value of its own type."""
    if isinstance(node, Expr):
        return as_value(node) if node.parts else None
    if isinstance(node, Mapping):
        return {key: free(value) for key, value in node.items()}
    return [free(item) for item in node] if isinstance(node, list) else node
