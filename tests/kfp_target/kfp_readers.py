"""YAML as its readers take it: PyYAML, YAML 1.2's core schema, and Go's library."""

from __future__ import annotations

import re
from typing import Any

import yaml


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema."""


class Go(yaml.SafeLoader):
    """Go's YAML 1.1 (sigs.k8s.io/yaml): `y`, `n` and `on` are booleans, `2e-5` and `0o7` numbers."""


def _resolvers(loader: Any, booleans: str, floats: str, integers: str, more: str) -> None:
    loader.yaml_implicit_resolvers = {}
    for tag, pattern in (
        ("bool", booleans), ("float", floats), ("int", integers), ("null", "~|null|Null|NULL|"),
        ("odd", more),
    ):  # fmt: skip
        loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), None
        )
    loader.add_constructor("tag:yaml.org,2002:bool", lambda self, node: node.value[0] in "tTyYoO")
    loader.add_constructor("tag:yaml.org,2002:float", lambda self, node: float(node.value))
    loader.add_constructor("tag:yaml.org,2002:int", lambda self, node: int(node.value))
    loader.add_constructor("tag:yaml.org,2002:odd", lambda self, node: ("odd", node.value))


_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
_resolvers(Core, "true|True|TRUE|false|False|FALSE", _FLOAT, r"[-+]?[0-9]+",
           r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")  # fmt: skip
_resolvers(Go, "[yYnN]|(?i:yes|no|on|off|true|false)", _FLOAT, r"[-+]?[0-9]+",
           r"[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]+_[0-9]*|[-+]?[0-9]+(?::[0-5]?[0-9])+"
           r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?\.(?i:inf)|\.(?i:nan)|=|<<")  # fmt: skip
LOADERS = (yaml.SafeLoader, Core, Go)
