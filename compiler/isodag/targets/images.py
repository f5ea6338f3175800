"""Container images: the reference that a component gives, made the one that a platform pulls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FIXED_TAG = re.compile(r"v?\d+\.\d+\.\d+([-+._].*)?")


@dataclass(frozen=True)
class Images:
    """How references are resolved.

    registry   put before a reference without a registry host; "" for none
    overrides  other references, by the exact reference or the repository's name
    """

    registry: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        """The reference that the platform pulls."""
        for name in (reference, repository(reference)):
            if name in self.overrides:
                return self.overrides[name]
        if self.registry and not has_host(reference):
            return f"{self.registry.rstrip('/')}/{reference}"
        return reference

    def as_written(self, reference: str) -> bool:
        """Whether nothing says where a reference without a registry host is to be had."""
        return self.resolve(reference) == reference and not has_host(reference)


def repository(reference: str) -> str:
    """A reference without its tag and digest."""
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def has_host(reference: str) -> bool:
    """Whether a reference begins with a registry's host, by Docker's rule.

    https://pkg.go.dev/github.com/distribution/reference: the first part has a dot or a port, or
    is localhost.
    """
    first, slash, _ = reference.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def fixed(reference: str) -> bool:
    """Whether a reference is taken to name the same bytes for good: a digest or a full version."""
    name, _, digest = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return bool(digest) or bool(_FIXED_TAG.fullmatch(tag))
