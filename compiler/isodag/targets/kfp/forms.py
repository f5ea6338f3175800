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
FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
          "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
          "status.podIPs")  # fmt: skip
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


def config_map(text: str) -> Wrong | None:
    """The name of a config map."""
    return None if _SUBDOMAIN.fullmatch(text) else _name(text, "config map", 253)


def volume(text: str, noun: str) -> Wrong | None:
    """The name of what a volume holds, which a backend makes the volume's own name."""
    if _LABEL.fullmatch(text):
        return None
    wrong = _name(text, noun, 63)
    if _SUBDOMAIN.fullmatch(text):
        help = "rename it, or read it as variables: a volume's name has no dots"
        return Wrong(f"a volume cannot be named `{text}`", help)
    return wrong


def mount(text: str, kind: str) -> Wrong | None:
    """Where a volume is mounted."""
    if not text:
        return Wrong(f"a volume with `{kind}` has no `path`", "say where it is to be, as /mnt/data")
    if not text.startswith("/"):
        return Wrong(f"`{text}` is not the path of a folder", f"write /{text}")
    if ":" in text or ".." in text.split("/"):
        return Wrong(f"`{text}` is no path for a volume", "leave out : and ..")
    return Wrong("`/` is the image itself", "name a folder") if not text.strip("/") else None


def inner(text: str) -> Wrong | None:
    """A path within a volume."""
    if not text.startswith("/") and ".." not in text.split("/"):
        return None
    return Wrong(f"`{text}` is no path within the volume", "write it without / at the start and ..")


def quantity(text: str) -> Wrong | None:
    """A size: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,3})?([kMGTPE]|[KMGTPE]i)?", text):
        return None
    match = re.fullmatch(r"([0-9.]+) ?(k|m|g|t)i?b?", text.lower())
    help = f"write {match[1]}{match[2].upper()}i" if match else "write 10Gi"
    return Wrong(f"`{text}` is not a size", help)


def variable(text: str) -> Wrong | None:
    """The name of an environment variable."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return None
    help = "a name holds letters, digits and _, and no digit first"
    return Wrong(f"`{text}` is not a name for an environment variable", help)


def field(text: str) -> Wrong | None:
    """A field of a pod that a variable can hold.

    https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields
    """
    inner = re.fullmatch(r"metadata\.(?:labels|annotations)\['([^']*)'\]", text)
    if text in FIELDS or (inner and label_key(inner[1]) is None):
        return None
    return Wrong(f"a pod has no field `{text}`", did_you_mean(text, FIELDS, "field"))


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
