"""Roles, places in S3 and images: what passes, and what is said of the near misses."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag.targets.sagemaker import forms
from isodag.targets.sagemaker.forms import Wrong

ACCOUNT = "111122223333"
ECR = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
BUCKET = "S3 takes 3 to 63 of a-z, 0-9, - and ., a letter or digit at both ends"
LOCAL = "give an s3:// URI; samples and local files are for `isodag run`"


def test_the_partitions_are_botocore_s() -> None:
    text = (Path(botocore.__file__).parent / "data" / "partitions.json").read_text()
    assert {item["id"] for item in json.loads(text)["partitions"]} == set(forms.PARTITIONS)


@pytest.mark.parametrize("partition", forms.PARTITIONS)
@pytest.mark.parametrize("name", ["pipelines", "service-role/AmazonSageMaker-1", "a/b/c+=,.@-_"])
def test_a_role_of_any_partition_passes(partition: str, name: str) -> None:
    assert forms.role(f"arn:{partition}:iam::{ACCOUNT}:role/{name}") is None


NO_ROLE = "is not the ARN of an IAM role"


@pytest.mark.parametrize(
    ("arn", "said", "help"),
    [
        ("pipelines", NO_ROLE, "give the whole ARN: arn:aws:iam::ACCOUNT:role/pipelines"),
        ("role/pipelines", NO_ROLE, "give the whole ARN: arn:aws:iam::ACCOUNT:role/pipelines"),
        ("my role!", NO_ROLE, "give the whole ARN: arn:aws:iam::ACCOUNT:role/NAME"),
        (
            f"arn:aws:iam::{ACCOUNT}:instance-profile/x", NO_ROLE,
            "an instance profile holds a role: give the ARN of the role itself",
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:user/me", NO_ROLE,
            "SageMaker takes a role that it may assume, not a user",
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/R/me", NO_ROLE,
            f"that is a session of a role: write arn:aws:iam::{ACCOUNT}:role/R",
        ),
        ("arn:aws:iam::1234:role/x", NO_ROLE, "an account has 12 digits, `1234` has not"),
        (
            f"arn:aws:iam:us-east-1:{ACCOUNT}:role/x", NO_ROLE,
            f"IAM has no regions: write arn:aws:iam::{ACCOUNT}:role/x",
        ),
        (f"arn:aws:iam::{ACCOUNT}:roles/x", NO_ROLE, "did you mean `role/x`?"),
        (f"arn:aws:iam::{ACCOUNT}:role/", NO_ROLE, f"write arn:aws:iam::{ACCOUNT}:role/NAME"),
        ("arn:aws:s3:::my-bucket", NO_ROLE, "write arn:aws:iam::ACCOUNT:role/NAME"),
        (
            f"arn:awss:iam::{ACCOUNT}:role/x",
            "names the partition `awss`, which AWS does not have", "did you mean `aws`?",
        ),
    ],
)  # fmt: skip
def test_what_is_no_role(arn: str, said: str, help: str) -> None:
    assert Wrong(said, help) == forms.role(arn)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bkt", "s3://my-bucket/", "s3://my.bucket-1/runs/a?b#c", "s3://123/x",
        "https://my-bucket.s3.us-east-1.amazonaws.com/key", "https://s3.amazonaws.com/my-bucket/key",
        "https://s3-us-west-2.amazonaws.com/my-bucket/key",
        "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/key",
        "s3://arn:aws:s3:us-east-1:111122223333:accesspoint/mine/key", f"s3://{'b' * 63}/x",
    ],
)  # fmt: skip
def test_a_place_in_s3_passes(uri: str) -> None:
    assert forms.place(uri) is None


@pytest.mark.parametrize(
    ("uri", "said", "help"),
    [
        ("./rows.txt", "is not in S3", LOCAL),
        ("sample:reviews", "is not in S3", LOCAL),
        ("gs://bucket/x", "is not in S3", LOCAL),
        ("S3://my-bucket/x", "is no s3:// URI", "write s3://my-bucket/x"),
        ("s3:/my-bucket/x", "is no s3:// URI", "write s3://my-bucket/x"),
        ("s3a://my-bucket/x", "is no s3:// URI", "write s3://my-bucket/x"),
        ("arn:aws:s3:::my-bucket/x", "is no s3:// URI", "write s3://my-bucket/x"),
        ("s3:///x", "names no bucket", "write s3://BUCKET/KEY, with two slashes before BUCKET"),
        ("s3://b/x", "names a bucket `b` that cannot be", BUCKET),
        ("s3://my..bucket/x", "names a bucket `my..bucket` that cannot be", BUCKET),
        ("s3://10.0.0.1/x", "names a bucket `10.0.0.1` that cannot be", BUCKET),
        (
            "s3://Reviews_Bucket/x", "names a bucket `Reviews_Bucket` that cannot be",
            f"did you mean `reviews-bucket`? {BUCKET}",
        ),
        (
            "https://s3.console.aws.amazon.com/s3/buckets/my-bucket?region=us-east-1&prefix=a/b/",
            "is a page of the S3 console", "write s3://my-bucket/a/b/",
        ),
        (
            "https://example.com/x.csv", "is not in S3",
            "give an s3:// URI; SageMaker fetches nothing from elsewhere",
        ),
        (
            "https://[x", "is not in S3",
            "give an s3:// URI; SageMaker fetches nothing from elsewhere",
        ),
    ],
)  # fmt: skip
def test_what_is_no_place_in_s3(uri: str, said: str, help: str) -> None:
    assert Wrong(said, help) == forms.place(uri)


def test_a_value_that_can_be_nothing_but_a_uri_gets_its_scheme() -> None:
    assert Wrong("is not in S3", "write s3://my-bucket/x") == forms.uri("my-bucket/x")


@pytest.mark.parametrize(
    ("uri", "wrong"),
    [
        ("s3://my-bucket", None),
        ("s3://my-bucket/runs/", None),
        ("s3://my-bucket/runs?v=1", Wrong("holds a `?`", "write s3://my-bucket/runs")),
        ("s3://my-bucket/runs#x", Wrong("holds a `#`", "write s3://my-bucket/runs")),
        ("s3://my-bucket//runs", Wrong("holds an empty part", "write s3://my-bucket/runs")),
        (
            "https://my-bucket.s3.amazonaws.com/runs",
            Wrong("is no s3:// URI", "write s3://my-bucket/runs"),
        ),
        ("my-bucket/runs", Wrong("is not in S3", "write s3://my-bucket/runs")),
    ],
)
def test_the_root_of_artifacts(uri: str, wrong: Wrong | None) -> None:
    assert wrong == forms.root(uri)


@pytest.mark.parametrize(
    "reference",
    [
        "python", "python:3.11", "isodag/bert:1.0.0", "localhost:5000/a/b_c:x", f"{ECR}/ml/x:1.0.0",
        f"{ECR}/x@sha256:{'0' * 64}", f"{ECR}/x:1@sha256:{'a' * 64}",
        f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/x:1",
        f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com/x:1",
        f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws/x:1",
        f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov/x:1",
        "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.3.1-cpu-py37",
    ],
)  # fmt: skip
def test_an_image_passes(reference: str) -> None:
    assert forms.image(reference) is None


NO_IMAGE, NO_REGISTRY = "is no reference of an image", "names no registry of ECR"
FORM = "write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST"


@pytest.mark.parametrize(
    ("reference", "said", "help"),
    [
        (f"https://{ECR}/x:1", NO_IMAGE, "leave out https://"),
        (f"docker://{ECR}/x:1", NO_IMAGE, "leave out docker://"),
        (
            f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/ml/x", NO_IMAGE,
            f"write {ECR}/ml/x:TAG",
        ),
        (
            f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/x", NO_IMAGE,
            f"write {ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/x:TAG",
        ),
        (f"{ECR}/Reviews:1", NO_IMAGE, "write the repository in small letters"),
        (f"{ECR}/x:", NO_IMAGE, FORM),
        ("two words", NO_IMAGE, FORM),
        ("", NO_IMAGE, FORM),
        (
            "1234.dkr.ecr.us-east-1.amazonaws.com/x:1", NO_REGISTRY,
            "an account has 12 digits, `1234` has not",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.useast1.amazonaws.com/x:1", NO_REGISTRY,
            "`useast1` is no region: write one such as us-east-1",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com/x:1", NO_REGISTRY,
            "in cn-north-1 it ends in amazonaws.com.cn",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.cn/x:1", NO_REGISTRY,
            "in us-east-1 it ends in amazonaws.com",
        ),
    ],
)  # fmt: skip
def test_what_is_no_image(reference: str, said: str, help: str) -> None:
    assert Wrong(said, help) == forms.image(reference)


@pytest.mark.parametrize(
    ("reference", "foreign"),
    [
        ("docker.io/library/python:3", True), ("ghcr.io/me/x", True), ("public.ecr.aws/x/y", True),
        ("europe-docker.pkg.dev/p/x", True), ("me.azurecr.io/x", True), (f"{ECR}/x", False),
        ("registry.example.com/x", False), ("isodag/bert", False),
    ],
)  # fmt: skip
def test_registries_that_are_not_ecr(reference: str, foreign: bool) -> None:
    assert foreign is bool(forms.FOREIGN.fullmatch(forms.host(reference)))


@given(st.text(max_size=80))
def test_whatever_the_text_it_is_judged(text: str) -> None:
    for judge in (forms.role, forms.place, forms.uri, forms.root, forms.image):
        assert isinstance(judge(text), Wrong | None)


@given(st.text(alphabet="az09.-_A/", max_size=70))
def test_a_bucket_passes_by_the_rules_of_s3(name: str) -> None:
    bucket = name.partition("/")[0]
    right = (
        3 <= len(bucket) <= 63
        and set(bucket) <= set("az09.-")
        and bucket[0] in "az09"
        and bucket[-1] in "az09"
        and ".." not in bucket
        and not (bucket.count(".") == 3 and all(part.isdigit() for part in bucket.split(".")))
    )
    assert right is (forms.place(f"s3://{name}") is None)
