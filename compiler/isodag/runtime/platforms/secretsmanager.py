"""AWS Secrets Manager: the references in a job's environment become the secrets they lead to.

A SageMaker job carries `ISODAG_SECRET_NAME=reference` for each secret of its step; the component
finds the secret in `NAME`.  Of a secret that is a JSON object the entry called `NAME` is read, any
other text is the secret itself.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

import json
import os
from typing import Any

from isodag.runtime.errors import ComponentError, listed
from isodag.runtime.references import CARRIER, BadReference, Reference, read
from isodag.runtime.values import render


def fetch() -> None:
    """Put every secret that is referred to into os.environ, in place of its reference.

    Raises ComponentError, with nothing of any secret in its message.
    """
    carriers = sorted(name for name in os.environ if name.startswith(CARRIER))
    references = {name[len(CARRIER) :]: _reference(name, os.environ[name]) for name in carriers}
    texts: dict[Reference, str] = {}
    for variable, reference in references.items():
        if reference not in texts:
            texts[reference] = _text(variable, reference)
    found = {name: _entry(name, where, texts[where]) for name, where in references.items()}
    for name in carriers:
        del os.environ[name]
    os.environ.update(found)


def _reference(carrier: str, text: str) -> Reference:
    variable = carrier[len(CARRIER) :]
    way_out = "the run must give secret:NAME, or the ARN of a secret in AWS Secrets Manager"
    try:
        reference = read(text)
    except BadReference as error:
        raise ComponentError(f"what was given for `{variable}` {error}: {way_out}") from None
    if reference.scheme not in ("secret", "arn"):
        raise ComponentError(f"`{variable}` is `{reference}`, which no job can read: {way_out}")
    return reference


def _text(variable: str, reference: Reference) -> str:
    """The whole text of a secret."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError:
        raise ComponentError(
            f"`{variable}` lies in AWS Secrets Manager, and boto3, which reads it, is not in this"
            " image: install it there"
        ) from None
    region = reference.region or os.environ.get("AWS_REGION") or None
    try:
        client = boto3.client("secretsmanager", region_name=region)
        answer = client.get_secret_value(SecretId=reference.place)
    except ClientError as error:
        raise ComponentError(_refused(reference, error.response)) from None
    except BotoCoreError as error:
        reason = type(error).__name__
        raise ComponentError(
            f"`{variable}`: AWS Secrets Manager cannot be asked for `{reference}` ({reason})"
        ) from None
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise ComponentError(f"the secret `{reference}` holds bytes, not text")
    return text


def _refused(reference: Reference, response: Any) -> str:
    code = str(response.get("Error", {}).get("Code", "unknown error"))
    if code == "ResourceNotFoundException":
        return f"there is no secret `{reference}` in AWS Secrets Manager"
    if code in ("AccessDeniedException", "AccessDenied"):
        return (
            f"the job's role may not read the secret `{reference}`: allow it"
            " secretsmanager:GetSecretValue, and kms:Decrypt where the secret has a key of its own"
        )
    return f"AWS Secrets Manager does not give the secret `{reference}` ({code})"


def _entry(variable: str, reference: Reference, text: str) -> str:
    """What a variable gets of a secret's text."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        entries = None
    found: Any = text
    if isinstance(entries, dict):
        if variable not in entries:
            names = listed(sorted(map(str, entries))[:10]) or "no entries"
            raise ComponentError(
                f"the secret `{reference}` has no entry `{variable}`: it has {names}"
            )
        found = entries[variable]
    if not isinstance(found, str | int | float):
        raise ComponentError(f"the entry `{variable}` of the secret `{reference}` is not text")
    value = render(found)
    if not value or "\0" in value:
        reason = "is empty" if not value else "holds a NUL character"
        raise ComponentError(f"the secret `{reference}` {reason}")
    return value
