"""References to secrets: where a secret lies, never the secret itself.

    env:NAME      a variable of the environment that the engine runs in
    file:PATH     a file on the engine's machine
    secret:NAME   in the target's own store: AWS Secrets Manager, or a Kubernetes secret
    arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME   in AWS Secrets Manager

The compiler, the engine and the container all read them with this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CARRIER = "ISODAG_SECRET_"  # begins the variable that carries a reference into a container
SCHEMES = ("env", "file", "secret", "arn")
FORMS = "env:NAME, file:PATH, secret:NAME or the ARN of a secret in AWS Secrets Manager"

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html#SecretsManager-CreateSecret-request-Name
_NAME = r"[A-Za-z0-9/_+=.@-]{1,512}"
_ARN = re.compile(
    rf"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{{12}}:secret:{_NAME}"
)


class BadReference(ValueError):
    """A text that is no reference.  The message does not hold the text: it may be a secret."""


@dataclass(frozen=True)
class Reference:
    """Where a secret lies.

    scheme  env, file, secret or arn
    place   name, path or, of an ARN, all of it
    region  of an ARN
    """

    scheme: str
    place: str
    region: str = ""

    def __str__(self) -> str:
        return self.place if self.scheme == "arn" else f"{self.scheme}:{self.place}"


def read(text: str) -> Reference:
    """The reference that a text is.  Raises BadReference."""
    if (match := _ARN.fullmatch(text)) is not None:
        return Reference("arn", text, match["region"])
    scheme, colon, place = text.partition(":")
    if not text.strip():
        raise BadReference("is empty")
    if not colon or scheme not in SCHEMES:
        raise BadReference("is no reference to a secret")
    if scheme == "arn":
        raise BadReference("is not the ARN of a secret in AWS Secrets Manager")
    if scheme == "env" and not VARIABLE.fullmatch(place):
        raise BadReference("has no name of an environment variable after `env:`")
    if scheme == "secret" and not re.fullmatch(_NAME, place):
        raise BadReference("has no name of a secret after `secret:`")
    if scheme == "file" and (not place.strip() or "\0" in place):
        raise BadReference("has no path after `file:`")
    return Reference(scheme, place)
