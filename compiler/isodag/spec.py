"""Reads `component.yaml` (Kubeflow v1) and `sagemaker.yaml`: folder in, Component out.

The keys are those that kfp's own loader takes (kfp/dsl/v1_structures.py, kfp 2.17); what kfp
accepts but cannot compile is a diagnostic here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from isodag import spec_binding, spec_command, spec_container, spec_ports, spec_words
from isodag.component import Binding, Component, Input, Output
from isodag.diagnostics import Diagnostic, failed
from isodag.frontend import credentials, files, nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import Fields, Reader
from isodag.frontend.schema import Key
from isodag.source import Source, Span
from isodag.spec_ports import INPUT_KEYS as INPUT_KEYS
from isodag.spec_ports import OUTPUT_KEYS as OUTPUT_KEYS

SPEC_KEYS = (
    Key("name", "string", "What people call the component."),
    Key("description", "string", "What it does."),
    Key("metadata", "mapping", "annotations and labels."),
    Key("inputs", "sequence", "Inputs, in the order of the function's arguments."),
    Key("outputs", "sequence", "Outputs."),
    Key("implementation", "mapping", "`container:` and how it starts."),
    Key("version", "string", "The format's version, as kfp reads it."),
)
METADATA_KEYS = (
    Key("annotations", "mapping", "Text by name: version, stability, license, owners."),
    Key("labels", "mapping", "Text by name."),
)
SPEC_NAMES = ("component.yaml", "component.yml")
_PART = "(?:0|[1-9][0-9]*)"
_VERSION = re.compile(rf"{_PART}\.{_PART}\.{_PART}(?:-[0-9A-Za-z.-]+)?")  # https://semver.org
_IGNORED = ("__pycache__", ".DS_Store")


def read_folder(
    folder: str | Path, sources: dict[str, Source]
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a folder; None when its spec holds an error.

    sources  gets the text of the files read, for the messages
    """
    path = Path(folder)
    return read_file(path / "component.yaml", path.resolve().name, sources)


def read_file(
    path: Path, name: str, sources: dict[str, Source], data: bytes | None = None
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a spec file, by the name given; `sagemaker.yaml` lies beside it.

    data  the spec's bytes, where they are known already
    """
    reader = Reader()
    reader.strict = True
    node = _document(path, sources, reader, data)
    if node is None or not _is_spec(reader, node):
        return None, reader.diagnostics
    fields = reader.fields(node, SPEC_KEYS, "a component spec")
    metadata = Fields()
    if "metadata" in fields:
        metadata = reader.fields(fields["metadata"][1], METADATA_KEYS, "`metadata`")
    annotations, labels = reader.texts(metadata, "annotations"), reader.texts(metadata, "labels")
    spec_words.check(reader, fields, metadata, annotations)
    inputs, outputs = spec_ports.inputs(reader, fields), spec_ports.outputs(reader, fields)
    container = spec_container.read(reader, fields, inputs, outputs)
    spec_ports.unique(reader, inputs, outputs, container)
    ports: list[Input | Output] = [*inputs, *outputs]
    nameless = not all(port.name for port in ports)
    if nameless or any(item.code == "E704" for item in reader.diagnostics):
        # what an argument calls by the right name only seems to be missing
        reader.diagnostics[:] = [
            item for item in reader.diagnostics
            if item.code != "E705" or not item.message.startswith("there is no ")
        ]  # fmt: skip
    spec_words.read_otherwise(reader, node)
    reader.strict = False
    binding = _binding(path.parent / "sagemaker.yaml", sources, reader, inputs, outputs)
    if container is not None and not failed(reader.diagnostics):
        own = name if path.name in SPEC_NAMES else ""
        spec_command.flags(reader, fields, {port.name: port for port in ports}, own)
        spec_command.unused(reader, inputs, outputs, container, binding)
    if container is None and binding is None and not failed(reader.diagnostics):
        help = "add implementation.container, or a sagemaker.yaml beside it"
        pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
        place = pairs[0][0].span if pairs else node.span
        reader.report("E706", "the component says nowhere how it runs", place, help)
    place = fields["name"][1].span if "name" in fields else Span(str(path), 1, 1, 1, 1)
    version = annotations.get("version", "0.0.0")
    if not _VERSION.fullmatch(version):
        written = metadata["annotations"][1]
        found = written.get("version") if isinstance(written, nodes.Mapping) else None
        help = f'write three numbers, as version: "{_version(version)}"'
        reader.report("E708", f"version `{version}` is not MAJOR.MINOR.PATCH",
                      found.span if found is not None else place, help)  # fmt: skip
    if failed(reader.diagnostics):
        return None, reader.diagnostics
    component = Component(
        name=name,
        title=reader.text(fields, "name") or name,
        version=version,
        description=reader.text(fields, "description"),
        inputs=inputs,
        outputs=outputs,
        container=container,
        binding=binding,
        side_effects=annotations.get("side_effects", "").lower() == "true",
        folder=os.path.abspath(path.parent),
        digest=digest(path) if data is None else hashlib.sha256(data).hexdigest(),
        span=place,
        annotations=annotations,
        labels=labels,
    )
    return component, reader.diagnostics


def _version(text: str) -> str:
    """The nearest version of three numbers."""
    numbers = [str(int(part[:9])) for part in re.findall(r"[0-9]+", text.partition("-")[0])]
    return ".".join([*numbers, "0", "0"][:3]) if numbers else "1.0.0"


def digest(path: Path) -> str:
    """sha256 over the names and bytes of a component's files, in order of name, hexadecimal.

    path  its spec; a component.yaml stands for its whole folder, any other file for itself
    """
    total = hashlib.sha256()
    for file in _files(path.parent) if path.name in SPEC_NAMES else [path]:
        relative = file.relative_to(path.parent).as_posix()
        try:
            with open(file, "rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:  # gone since it was listed
            continue
        total.update(f"{relative}\0{content}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, found in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _passed_over(name))
        for name in sorted(name for name in found if not _passed_over(name)):
            file = Path(root, name)
            if os.path.isfile(file) and os.access(file, os.R_OK):  # no pipe, no dangling link
                yield file


def _passed_over(name: str) -> bool:
    return name in _IGNORED or name.startswith(".") or name.endswith((".pyc", "~"))


def _document(
    path: Path, sources: dict[str, Source], reader: Reader, data: bytes | None = None
) -> Node | None:
    source, problems = files.load(path, data)
    sources[source.path] = source
    node = None
    if not problems:
        node, problems = nodes.parse(source)
    reader.diagnostics += problems
    if node is not None:
        reader.diagnostics += credentials.problems(node)
    return node


def _is_spec(reader: Reader, node: Node) -> bool:
    """Whether a document is a component spec; a DAG file named as a component is not."""
    kind = node.get("kind") if isinstance(node, nodes.Mapping) else None
    if isinstance(kind, Scalar) and isinstance(node, nodes.Mapping) and node.get("apiVersion"):
        message = f"this is a {kind.text}, not a component"
        reader.report("E112", message, kind.span, "name a folder with a component.yaml in it")
        return False
    return True


def _binding(
    path: Path, sources: dict[str, Source], reader: Reader,
    inputs: tuple[Input, ...], outputs: tuple[Output, ...],
) -> Binding | None:  # fmt: skip
    node = _document(path, sources, reader) if os.path.lexists(path) else None
    return spec_binding.read(node, reader, inputs, outputs) if node is not None else None
