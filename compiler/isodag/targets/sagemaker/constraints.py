"""What the service admits in one place of a request: a value and its shape in, a complaint out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from isodag.diagnostics import suggest
from isodag.targets.sagemaker import forms, instances
from isodag.targets.sagemaker.shapes import Shape, compiled


class Complaint(NamedTuple):
    """What is wrong with a value: how the sentence about it goes on, and the way out."""

    code: str
    said: str
    help: str | None = None


# Bounds that the service model leaves out and its documentation gives
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html: 28 days;
# https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html: a gp2 volume has at most
# 16 TiB; a job without a machine does not run;
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html: 100 MB
_BEYOND: dict[str, tuple[int | None, int | None]] = {
    "MaxRuntimeInSeconds": (None, 28 * 86400),
    "OptionalVolumeSizeInGB": (None, 16384),
    "VolumeSizeInGB": (None, 16384),
    "TrainingInstanceCount": (1, None),
    "MaxPayloadInMB": (None, 100),
}
# Places of one form: the code of the message, and what judges a value
_FORMS: dict[str, tuple[str, Callable[[str], forms.Wrong | None]]] = {
    "RoleArn": ("E518", forms.role),
    "ImageUri": ("E519", forms.image),
    "AlgorithmImage": ("E519", forms.image),
    "ContainerImage": ("E519", forms.image),
    "S3Uri": ("E511", forms.uri),
    "S3ModelUri": ("E511", forms.uri),
    "Url": ("E511", forms.uri),
    "DestinationS3Uri": ("E511", forms.uri),
}
# How ids of EC2 and paths of jobs begin
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Input.html
_BEGINNINGS = {
    "SubnetId": "subnet-",
    "SecurityGroupId": "sg-",
    "ProcessingLocalPath": "/opt/ml/processing/",
}
_WORDS = {
    "KmsKeyId": "give the key's id, its ARN, or alias/NAME",
    "ChannelName": "a channel's name holds letters, digits, `.`, `-` and `_`",
    "ProcessingEnvironmentKey": "a variable's name holds letters, digits and `_`",
    "TrainingEnvironmentKey": "a variable's name holds letters, digits and `_`",
    "TransformEnvironmentKey": "a variable's name holds letters, digits and `_`",
    "EnvironmentKey": "a variable's name holds letters, digits and `_`",
    "FunctionArn": "write arn:aws:lambda:REGION:ACCOUNT:function:NAME",
    "SqsQueueUrl": "write https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE",
    "ResponseMIMEType": "write TYPE/SUBTYPE, as text/csv",
    "TagKey": "a tag holds letters, digits, spaces and _ . : / = + - @",
    "TagValue": "a tag holds letters, digits, spaces and _ . : / = + - @",
}
_LISTED = 8  # allowed values that a message names
_READABLE = 60  # characters of a pattern that helps who reads it


def complain(value: Any, wanted: Shape) -> Complaint | None:
    """What is wrong with a value of the right type in a place, if anything."""
    if isinstance(value, str) and (form := _FORMS.get(wanted.name)) is not None:
        if (wrong := form[1](value)) is not None:
            return Complaint(form[0], f"is `{short(value)}`, which {wrong.said}", wrong.help)
    for check in (_enum, _maximum, _pattern, _beginning, _minimum):
        if (found := check(value, wanted)) is not None:
            return found
    return None


def size(count: int, wanted: Shape, noun: str) -> Complaint | None:
    """What is wrong with the number of items of a list, or of entries of a map."""
    if wanted.maximum is not None and count > wanted.maximum:
        return Complaint("E504", f"has {count} {noun}, more than {wanted.maximum}")
    if wanted.minimum is not None and count < wanted.minimum:
        return Complaint("E504", f"has {count} {noun}, less than {wanted.minimum}")
    return None


def too_long(least: int, wanted: Shape) -> Complaint | None:
    """What is wrong with text that has at least so many characters, however it is filled in."""
    if wanted.maximum is None or least <= wanted.maximum:
        return None
    return Complaint("E504", f"has at least {least} characters, more than {wanted.maximum}")


def short(value: Any) -> str:
    """A value as a message shows it."""
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _enum(value: Any, wanted: Shape) -> Complaint | None:
    if not wanted.enum or value in wanted.enum:
        return None
    if wanted.name.endswith("InstanceType"):
        said, help = instances.unknown(str(value), wanted.name, wanted.enum)
        if not instances.FORM.fullmatch(str(value)):
            return Complaint("E504", f"is `{short(value)}`, which is no instance type", help)
        return Complaint("W503", said, help)
    shown = ", ".join(f"`{item}`" for item in wanted.enum[:_LISTED])
    more = ", …" if len(wanted.enum) > _LISTED else ""
    near = suggest(str(value), wanted.enum)
    said = f"is `{short(value)}`, none of {shown}{more}"
    return Complaint("E504", said, f"did you mean `{near}`?" if near is not None else None)


def _maximum(value: Any, wanted: Shape) -> Complaint | None:
    most = _BEYOND.get(wanted.name, (None, None))[1]
    most = wanted.maximum if most is None else most
    if most is None or _measure(value) <= most:
        return None
    return Complaint("E504", f"{_said(value)}, more than {most}")


def _minimum(value: Any, wanted: Shape) -> Complaint | None:
    least = _BEYOND.get(wanted.name, (None, None))[0]
    least = wanted.minimum if least is None else least
    if least is None or _measure(value) >= least:
        return None
    return Complaint("E504", f"{_said(value)}, less than {least}")


def _pattern(value: Any, wanted: Shape) -> Complaint | None:
    if wanted.pattern is None or not isinstance(value, str):
        return None
    if compiled(wanted.pattern).fullmatch(value):
        return None
    if compiled(wanted.pattern).fullmatch(" ".join(value.splitlines())):
        return Complaint("E504", "holds a line break", "SageMaker takes a single line here")
    form = wanted.pattern if len(wanted.pattern) <= _READABLE else "the form that AWS gives it"
    said = f"is `{short(value)}`, which does not match {form}"
    help = _WORDS.get(wanted.name)
    fixed = re.sub(r"[^A-Za-z0-9-]+", "-", value).strip("-")
    if help is None and value and compiled(wanted.pattern).fullmatch(fixed):
        help = f"did you mean `{short(fixed)}`? letters and digits, with - between them"
    return Complaint("E504", said, help)


def _beginning(value: Any, wanted: Shape) -> Complaint | None:
    start = _BEGINNINGS.get(wanted.name)
    if start is None or not isinstance(value, str) or value.startswith(start):
        return None
    other = next((name for name, begins in _BEGINNINGS.items() if value.startswith(begins)), None)
    help = f"that is the form of a {other}" if other is not None else None
    return Complaint("E504", f"is `{short(value)}`, which does not begin with `{start}`", help)


def _measure(value: Any) -> float:
    return len(value) if isinstance(value, str) else value


def _said(value: Any) -> str:
    return f"has {len(value)} characters" if isinstance(value, str) else f"is {value}"
