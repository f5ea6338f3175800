"""Volumes of a step's pod: `volumes:` in, the fields of a KubernetesExecutorConfig out.

https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
and backend/src/v2/driver/k8s.go (extendPodSpecPatch), which calls a volume by the name of what is
in it: two of one name, or two at one path, make a pod that Kubernetes refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from isodag.diagnostics import Diagnostic, Related, did_you_mean
from isodag.targets.kfp import forms
from isodag.targets.kfp.blocks import Block, Entry

ACCESS = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
MEDIUMS = ("Memory", "HugePages")
# What a volume may be, the keys of each beside its name and `path`, and the field it goes to
KINDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "pvc": (("sub_path",), "pvcMount"),
    "empty_dir": (("size", "medium"), "emptyDirMounts"),
    "secret": (("optional",), "secretAsVolume"),
    "config_map": (("optional",), "configMapAsVolume"),
    "ephemeral": (("size", "access", "storage_class"), "genericEphemeralVolume"),
}
KNOWN = (*KINDS, "path", *dict.fromkeys(key for keys, _ in KINDS.values() for key in keys))
_NOUNS = {"pvc": "claim", "secret": "secret", "config_map": "config map"}


def config(block: Block, problems: list[Diagnostic]) -> dict[str, list[dict[str, Any]]]:
    """The fields that mount the volumes of a block; E612 for what Kubernetes would refuse."""
    made: dict[str, list[dict[str, Any]]] = {}
    entries = block.entries("volumes", "a volume", KNOWN)
    wrong = list(_wrong(entries))
    problems += wrong or _twice(entries)
    for entry in entries if not wrong else ():
        kind = _kind(entry)
        made.setdefault(KINDS[kind][1], []).append(_FIELDS[kind](entry, entry.text(kind)))
    return made


def _kind(entry: Entry) -> str:
    return next(kind for kind in KINDS if kind in entry.said)


def _pvc(entry: Entry, name: str) -> dict[str, Any]:
    """`constant` is the older field of the name, which every backend reads."""
    more = {"subPath": entry.text("sub_path")} if entry.text("sub_path") else {}
    return {"constant": name, "mountPath": entry.text("path"), **more}


def _empty_dir(entry: Entry, name: str) -> dict[str, Any]:
    more = {"medium": entry.text("medium"), "sizeLimit": entry.text("size")}
    given = {key: text for key, text in more.items() if text}
    return {"volumeName": name, "mountPath": entry.text("path"), **given}


def _secret(entry: Entry, name: str) -> dict[str, Any]:
    return {"secretName": name, "mountPath": entry.text("path"), **_optional(entry)}


def _config_map(entry: Entry, name: str) -> dict[str, Any]:
    return {"configMapName": name, "mountPath": entry.text("path"), **_optional(entry)}


def _optional(entry: Entry) -> dict[str, Any]:
    return {"optional": True} if entry.text("optional") == "true" else {}


def _ephemeral(entry: Entry, name: str) -> dict[str, Any]:
    storage = entry.text("storage_class")
    return {
        "volumeName": name,
        "mountPath": entry.text("path"),
        "accessModes": list(entry.listed("access") or ACCESS[:1]),
        "size": entry.text("size"),
        **({"storageClassName": storage} if storage else {"defaultStorageClass": True}),
    }


_FIELDS: Mapping[str, Callable[[Entry, str], dict[str, Any]]] = {
    "pvc": _pvc, "empty_dir": _empty_dir, "secret": _secret, "config_map": _config_map,
    "ephemeral": _ephemeral,
}  # fmt: skip


# --- what Kubernetes would refuse --------------------------------------------------------------


def _wrong(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    """E612: a volume of no kind or of two, without a path, or with a word that has no such form."""
    for entry in entries:
        kinds = [kind for kind in KINDS if kind in entry.said]
        if len(kinds) != 1:
            listed = f"{', '.join(list(KINDS)[:-1])} or {list(KINDS)[-1]}"
            said = f"is both {kinds[0]} and {kinds[1]}" if kinds else "does not say what it is"
            yield Diagnostic("E612", f"a volume {said}", entry.span, f"name one of {listed}")
            continue
        (kind,) = kinds
        own = KINDS[kind][0]
        if other := next((key for key in entry.said if key not in (kind, "path", *own)), None):
            message = f"a volume with `{kind}` has no `{other}`"
            yield Diagnostic("E612", message, entry.place(other), did_you_mean(other, own, "key"))
            continue
        for key, wrong in _forms(kind, entry):
            if wrong is not None:
                yield Diagnostic("E612", wrong.said, entry.place(key), wrong.help)
                break


def _forms(kind: str, entry: Entry) -> Iterator[tuple[str, forms.Wrong | None]]:
    """What is wrong with each of a volume's words, with its key."""
    yield kind, forms.volume(entry.text(kind), _NOUNS.get(kind, "volume"))
    yield "path", forms.mount(entry.text("path"), kind)
    if sub_path := entry.text("sub_path"):
        yield "sub_path", forms.inner(sub_path)
    if "size" in entry.said:
        yield "size", forms.quantity(entry.text("size"))
    elif kind == "ephemeral":
        yield kind, forms.Wrong("an ephemeral volume has no `size`", "write size: 10Gi")
    for key, known in (("medium", MEDIUMS), ("access", ACCESS), ("optional", ("true", "false"))):
        for word in entry.listed(key):
            help = did_you_mean(word, known, key)
            yield key, None if word in known else forms.Wrong(f"`{word}` is no `{key}`", help)


def _twice(entries: Sequence[Entry]) -> list[Diagnostic]:
    """E612: two volumes of one name, or at one path."""
    found = []
    seen: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        kind = _kind(entry)
        claims = ((kind, "name", entry.text(kind)), ("path", "path", _place(entry)))
        for key, what, text in claims:
            first = seen.setdefault((what, text), entry)
            if first is not entry:
                message = f"two volumes have the {what} `{text}`"
                help = "Kubernetes takes each once in a pod: rename or remove one"
                if what == "name" and kind == "pvc":
                    help = "a pod mounts a claim once: mount it at a folder above both"
                related = (Related("the first is here", first.span),)
                found.append(Diagnostic("E612", message, entry.place(key), help, related))
                break
    return found


def _place(entry: Entry) -> str:
    return entry.text("path").rstrip("/") or "/"
