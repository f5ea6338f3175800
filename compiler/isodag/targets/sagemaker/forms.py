"""The forms of roles, places in S3 and images, and the near misses that people write instead."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from isodag.diagnostics import suggest
from isodag.targets.sagemaker.shapes import compiled, shape


class Wrong(NamedTuple):
    """What is wrong with a text, as `it …` continues, and the way out."""

    said: str
    help: str


# --- places in S3 ----------------------------------------------------------------------------

_SCHEMES = "give an s3:// URI; samples and local files are for `isodag run`"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_ENDPOINT = re.compile(r"(?:(.+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_CONSOLE = re.compile(r"/s3/(?:buckets|object)/([^/?]+)")


def place(uri: str) -> Wrong | None:
    """What is wrong with the URI of something in S3, if anything."""
    if uri.startswith("s3://"):
        name = uri[5:].partition("/")[0]
        if not name:
            return Wrong("names no bucket", "write s3://BUCKET/KEY, with two slashes before BUCKET")
        return _bucket(name)
    if uri.startswith("https://"):
        return _https(uri)
    near = _near(uri)
    if near is not None:
        return Wrong("is no s3:// URI", f"write {near}")
    return Wrong("is not in S3", _SCHEMES)


def uri(given: str) -> Wrong | None:
    """The same, of a value that is nothing but a URI: one without `s3://` is no local path."""
    wrong = place(given)
    if wrong is not None and _BUCKET.fullmatch(given.partition("/")[0]):
        return Wrong(wrong.said, f"write s3://{given}")
    return wrong


def root(given: str) -> Wrong | None:
    """What is wrong with `artifact_root`, if anything."""
    if (wrong := uri(given)) is not None:
        return wrong
    if given.startswith("https://"):
        return Wrong("is no s3:// URI", f"write {_from_endpoint(given)}")
    if match := re.search(r"[?#]", given):
        return Wrong(f"holds a `{match[0]}`", f"write {given[: match.start()]}")
    if "//" in given[5:].rstrip("/"):
        path = re.sub("/+", "/", given[5:].rstrip("/"))
        return Wrong("holds an empty part", f"write s3://{path}")
    return None


def _near(uri: str) -> str | None:
    """The s3:// URI that a text was most likely meant to be."""
    if match := re.fullmatch(r"arn:aws[a-z-]*:s3:::(.+)", uri):
        return f"s3://{match[1]}"
    if match := re.fullmatch(r"(?i:s3a?|s3n):/*(.+)", uri):
        return f"s3://{match[1]}"
    return None


def _bucket(name: str) -> Wrong | None:
    """What is wrong with the name of a bucket, if anything.

    Aliases and ARNs of access points stand for a bucket too.
    """
    if name.startswith("arn:"):
        return None
    if _BUCKET.fullmatch(name) and ".." not in name and not _ADDRESS.fullmatch(name):
        return None
    help = "S3 takes 3 to 63 of a-z, 0-9, - and ., a letter or digit at both ends"
    fixed = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip(".-")
    if _BUCKET.fullmatch(fixed) and fixed != name and ".." not in fixed:
        help = f"did you mean `{fixed}`? {help}"
    return Wrong(f"names a bucket `{name}` that cannot be", help)


def _https(uri: str) -> Wrong | None:
    if (given := _from_endpoint(uri)) is not None:
        return place(given)
    parts = _url(uri)
    if parts is not None and "console" in parts[0] and (match := _CONSOLE.search(parts[1])):
        key = re.search(r"[?&]prefix=([^&#]*)", uri)
        return Wrong(
            "is a page of the S3 console", f"write s3://{match[1]}/{key[1] if key else ''}"
        )
    return Wrong("is not in S3", "give an s3:// URI; SageMaker fetches nothing from elsewhere")


def _url(uri: str) -> tuple[str, str] | None:
    """Host and path of a URL; None where it has neither."""
    try:
        parts = urlsplit(uri)
        return parts.hostname or "", parts.path
    except ValueError:
        return None


def _from_endpoint(uri: str) -> str | None:
    """The s3:// URI of a URL at an S3 endpoint, bucket in the host or in the path."""
    parts = _url(uri)
    match = _ENDPOINT.fullmatch(parts[0]) if parts is not None else None
    if parts is None or match is None:
        return None
    return f"s3://{match[1]}{parts[1]}" if match[1] else f"s3:/{parts[1]}"


# --- roles -----------------------------------------------------------------------------------

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html; a test compares the names
# with botocore's, and `aws-` with more behind it passes
PARTITIONS = ("aws", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f",
              "aws-us-gov")  # fmt: skip
_ROLE = "arn:aws:iam::ACCOUNT:role/NAME"
_OTHERS = {
    "instance-profile": "an instance profile holds a role: give the ARN of the role itself",
    "user": "SageMaker takes a role that it may assume, not a user",
    "group": "SageMaker takes a role that it may assume, not a group",
    "policy": "a policy is attached to a role: give the ARN of the role",
    "root": "SageMaker takes a role that it may assume, not an account",
}


def role(arn: str) -> Wrong | None:
    """What is wrong with the ARN of a role, if anything."""
    known = shape("RoleArn")
    parts = arn.split(":", 5)
    kind, _, name = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
    if compiled(known.pattern or "").fullmatch(arn):
        if (wrong := _partition(parts[1])) is not None:
            return wrong
        if len(arn) <= (known.maximum or 0) and kind == "role" and name and not name.endswith("/"):
            return None
    said = "is not the ARN of an IAM role"
    if len(parts) < 6 or parts[0] != "arn":
        text = f"arn:aws:iam::ACCOUNT:{arn if arn.startswith('role/') else 'role/' + arn}"
        plain = re.fullmatch(r"[\w+=,.@/-]+", arn)
        return Wrong(said, f"give the whole ARN: {text if plain else _ROLE}")
    _, partition, service, region, account, _ = parts
    if (wrong := _partition(partition)) is not None:
        return wrong
    if service == "sts" and kind == "assumed-role":
        name = name.partition("/")[0]
        return Wrong(said, f"that is a session of a role: write arn:{partition}:iam::{account}:"
                           f"role/{name}")  # fmt: skip
    if service != "iam":
        return Wrong(said, f"write {_ROLE}")
    if kind in _OTHERS:
        return Wrong(said, _OTHERS[kind])
    if not re.fullmatch(r"\d{12}", account):
        return Wrong(said, f"an account has 12 digits, `{account}` has not")
    if region:
        return Wrong(said, f"IAM has no regions: write arn:{partition}:iam::{account}:{parts[5]}")
    if kind != "role" and suggest(kind, ["role"]):
        return Wrong(said, f"did you mean `role/{name}`?")
    return Wrong(said, f"write arn:{partition}:iam::{account}:role/NAME")


def _partition(name: str) -> Wrong | None:
    if name in PARTITIONS or name.startswith("aws-"):
        return None
    near = suggest(name, PARTITIONS)
    help = f"did you mean `{near}`?" if near else f"partitions are {', '.join(PARTITIONS)}"
    return Wrong(f"names the partition `{name}`, which AWS does not have", help)


# --- images ----------------------------------------------------------------------------------

# https://pkg.go.dev/github.com/distribution/reference
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?"
    r"(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,})?"
)
_REGISTRY = re.compile(r"([^./]*)\.dkr[.-]ecr(?:-fips)?\.([^./]*)\.(?:amazonaws\.com(\.cn)?|.+)")
_REPOSITORY = re.compile(r"arn:(aws[a-z-]*):ecr:([a-z0-9-]+):(\d{12}):repository/(.+)")
# https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-run-image.html: images come from ECR
FOREIGN = re.compile(
    r"(?:.*\.)?(?:docker\.io|docker\.com|ghcr\.io|quay\.io|gcr\.io|pkg\.dev|azurecr\.io|nvcr\.io"
    r"|mcr\.microsoft\.com|registry\.k8s\.io|registry\.gitlab\.com)|public\.ecr\.aws"
    r"|localhost(?::\d+)?"
)


def image(reference: str) -> Wrong | None:
    """What is wrong with the reference of an image, if anything."""
    said = "is no reference of an image"
    if match := re.match(r"[a-z]+://", reference):
        return Wrong(said, f"leave out {match[0]}")
    if match := _REPOSITORY.fullmatch(reference):
        partition, region, account, name = match.groups()
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return Wrong(said, f"write {account}.dkr.ecr.{region}.{suffix}/{name}:TAG")
    host, slash, rest = reference.partition("/")
    if slash and (match := _REGISTRY.fullmatch(host)):
        if (wrong := _registry(match)) is not None:
            return wrong
    if _IMAGE.fullmatch(reference):
        return None
    if slash and _IMAGE.fullmatch(f"{host}/{rest.lower()}"):
        return Wrong(said, "write the repository in small letters")
    return Wrong(said, "write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST")


def _registry(match: re.Match[str]) -> Wrong | None:
    """What is wrong with the host of a registry in ECR.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
    """
    account, region, china = match.groups()
    said = "names no registry of ECR"
    if not re.fullmatch(r"\d{12}", account):
        return Wrong(said, f"an account has 12 digits, `{account}` has not")
    if not re.fullmatch(r"[a-z]{2,4}(?:-[a-z]+)+-\d+", region):
        return Wrong(said, f"`{region}` is no region: write one such as us-east-1")
    ends = match[0].endswith(("amazonaws.com", "amazonaws.com.cn"))
    if ends and region.startswith("cn-") != bool(china):
        return Wrong(said, f"in {region} it ends in amazonaws.com{'' if china else '.cn'}")
    return None


def host(reference: str) -> str:
    """The host of a reference; empty where it names none."""
    first, slash, _ = reference.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""
