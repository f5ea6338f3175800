"""The forms of Kubernetes names, labels and tolerations, and of places that KFP writes to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from isodag.diagnostics import did_you_mean


class Wrong(NamedTuple):
    """What is wrong with a text, as a message after its name continues, and the way out."""

    said: str
    help: str


# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL.pattern}(\.{_LABEL.pattern})*")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
# https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("Exists", "Equal")
_BUCKET = re.compile(r"(?:s3|gs|minio)://[^/\s]+(?:/\S*)?")


def place(text: str) -> Wrong | None:
    """A place for outputs."""
    if _BUCKET.fullmatch(text):
        return None
    help = "write s3://bucket/path, gs://bucket/path or minio://bucket/path"
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]+(/\S*)?", text):
        help = f"write s3://{text}, or gs:// or minio://"
    return Wrong(f"`{text}` is no place for outputs", help)


def namespace(text: str) -> Wrong | None:
    """A Kubernetes namespace."""
    return None if _LABEL.fullmatch(text) else _name(text, "namespace", 63)


def service_account(text: str) -> Wrong | None:
    """The name of a service account."""
    return None if _SUBDOMAIN.fullmatch(text) else _name(text, "service account", 253)


def secret(text: str) -> Wrong | None:
    """The name of a secret."""
    return None if _SUBDOMAIN.fullmatch(text) else _name(text, "secret", 253)


def _name(text: str, noun: str, longest: int) -> Wrong:
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    help = f"it has 1 to {longest} small letters, digits and dashes"
    if near and near != text and len(near) <= longest:
        help = f"write {near}: {help}"
    return Wrong(f"`{text}` is not a name for a {noun}", help)


def label_key(text: str) -> Wrong | None:
    """The key of a node's label or of a taint: `name` or `domain/name`."""
    domain, slash, name = text.rpartition("/")
    if _VALUE.fullmatch(name) and (not slash or _SUBDOMAIN.fullmatch(domain)):
        return None
    help = "it has at most 63 letters, digits, -, _ and ., and may follow DOMAIN/"
    return Wrong(f"`{text}` is not a label", help)


def label_value(text: str) -> Wrong | None:
    """The value of a node's label or of a taint."""
    if not text or _VALUE.fullmatch(text):
        return None
    help = (
        "it has at most 63 letters, digits, -, _ and ., and begins and ends with one of the first"
    )
    return Wrong(f"`{text}` is not the value of a label", help)


def resource(text: str) -> Wrong | None:
    """The Kubernetes resource of an accelerator: `domain/name`."""
    if "/" in text and label_key(text) is None:
        return None
    return Wrong(f"`{text}` is not a device of Kubernetes", "write DOMAIN/NAME, as nvidia.com/gpu")


def registry(text: str) -> Wrong | None:
    """What is put before an image: a host and perhaps a path."""
    if re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*/?", text):
        return None
    near = re.sub(r"^[a-z]+://", "", text)
    help = (
        f"write {near}" if near != text else "write HOST or HOST/PATH, as registry.example.com/ml"
    )
    return Wrong(f"`{text}` is not a registry", help)


def toleration(entries: Mapping[str, str]) -> tuple[str, Wrong] | None:
    """The key of a toleration that is wrong, and why.

    entries  any of key, operator, value, effect, seconds
    """
    for key, known in (("operator", OPERATORS), ("effect", EFFECTS)):
        if key in entries and entries[key] not in known:
            help = did_you_mean(entries[key], known, key)
            return key, Wrong(
                f"`{entries[key]}` is not {'an' if key[0] in 'eo' else 'a'} {key}", help
            )
    if (seconds := entries.get("seconds")) is not None:
        if not re.fullmatch(r"-?[0-9]{1,18}", seconds):
            return "seconds", Wrong(f"`{seconds}` is not a number of seconds", "write 300")
        if entries.get("effect") != "NoExecute":
            return "seconds", Wrong("`seconds` suits the effect NoExecute only", "remove it")
    if entries.get("operator") == "Exists" and entries.get("value"):
        return "value", Wrong("`Exists` takes no value", "remove it, or write operator: Equal")
    if "key" not in entries and entries.get("operator") != "Exists":
        return "", Wrong("a toleration has no `key`", "name the taint, or write operator: Exists")
    for key, check in (("key", label_key), ("value", label_value)):
        if entries.get(key) and (wrong := check(entries[key])):
            return key, wrong
    return None
