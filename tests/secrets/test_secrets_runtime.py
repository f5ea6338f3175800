"""In a SageMaker job: the runtime follows references to Secrets Manager before the component runs."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from isodag.runtime import program

COMPONENTS = Path(__file__).parent / "components"
SECRET = "open-sesame-1"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A Secrets Manager of its own, in the region that the job is in."""
    for name in [name for name in os.environ if "TOKEN" in name or name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("ISODAG_COMPONENTS", str(COMPONENTS))
    monkeypatch.setenv("ISODAG_OPT_ML", str(tmp_path / "ml"))
    (tmp_path / "ml" / "output").mkdir(parents=True)
    # the component's process would end here; what it sets is not to reach other tests
    for name in ("HF_TOKEN", "USER", "ISODAG_SECRET_HF_TOKEN", "ISODAG_SECRET_USER"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.delitem(sys.modules, "main", raising=False)
    with moto.mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-west-3")


def tell(tmp_path: Path, **environment: str) -> int:
    """Run the component; the exit status."""
    for name, text in environment.items():
        os.environ[f"ISODAG_SECRET_{name}"] = text
    return program.main(["tell", "--note", str(tmp_path / "note")])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_secret_that_is_text_is_the_value(manager: Any, tmp_path: Path) -> None:
    manager.create_secret(Name="team/hub", SecretString=SECRET)
    assert 0 == tell(tmp_path, HF_TOKEN="secret:team/hub")
    assert digest(SECRET) == (tmp_path / "note").read_text()
    assert "ISODAG_SECRET_HF_TOKEN" not in os.environ


@pytest.mark.parametrize(
    ("entries", "value"),
    [
        ({"HF_TOKEN": SECRET, "OTHER": "x"}, SECRET),
        ({"HF_TOKEN": 5432}, "5432"),
        ("quoted", '"quoted"'),
        (5432, "5432"),
        ([SECRET], json.dumps([SECRET])),
    ],
)
def test_a_secret_that_is_an_object_has_an_entry_of_the_variable_s_name(
    manager: Any, tmp_path: Path, entries: Any, value: str
) -> None:
    manager.create_secret(Name="hub", SecretString=json.dumps(entries))
    assert 0 == tell(tmp_path, HF_TOKEN="secret:hub")
    assert digest(value) == (tmp_path / "note").read_text()


def test_an_arn_says_its_region(manager: Any, tmp_path: Path) -> None:
    elsewhere = boto3.client("secretsmanager", region_name="us-west-2")
    arn = elsewhere.create_secret(Name="hub", SecretString=SECRET)["ARN"]
    assert 0 == tell(tmp_path, HF_TOKEN=arn)
    assert digest(SECRET) == (tmp_path / "note").read_text()


def test_several_variables_of_one_secret(manager: Any, tmp_path: Path) -> None:
    manager.create_secret(Name="hub", SecretString=json.dumps({"HF_TOKEN": SECRET, "USER": "me"}))
    assert 0 == tell(tmp_path, HF_TOKEN="secret:hub", USER="secret:hub")
    assert "me" == os.environ["USER"]
    assert digest(SECRET) == (tmp_path / "note").read_text()


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("secret:nobody", "there is no secret `secret:nobody` in AWS Secrets Manager"),
        ("open-sesame-1", "what was given for `HF_TOKEN` is no reference to a secret: the run must give secret:NAME, or the ARN of a secret in AWS Secrets Manager"),
        ("", "what was given for `HF_TOKEN` is empty: the run must give secret:NAME, or the ARN of a secret in AWS Secrets Manager"),
        ("env:HF_TOKEN", "`HF_TOKEN` is `env:HF_TOKEN`, which no job can read: the run must give secret:NAME, or the ARN of a secret in AWS Secrets Manager"),
        ("secret:json", "the secret `secret:json` has no entry `HF_TOKEN`: it has `a` and `b`"),
        ("secret:deep", "the entry `HF_TOKEN` of the secret `secret:deep` is not text"),
        ("secret:bytes", "the secret `secret:bytes` holds bytes, not text"),
        ("secret:void", "the secret `secret:void` is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_and_the_component_does_not_run(
    manager: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str, said: str
) -> None:
    manager.create_secret(Name="json", SecretString='{"b": "open-sesame-1", "a": "open-sesame-1"}')
    manager.create_secret(Name="deep", SecretString='{"HF_TOKEN": ["open-sesame-1"]}')
    manager.create_secret(Name="bytes", SecretBinary=b"open-sesame-1")
    manager.create_secret(Name="void", SecretString='{"HF_TOKEN": ""}')
    assert 1 == tell(tmp_path, HF_TOKEN=reference)
    written = capsys.readouterr()
    assert ("", f"error: {said}\n") == (written.out, written.err)
    assert said == (tmp_path / "ml" / "output" / "failure").read_text()
    assert not (tmp_path / "note").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "the job's role may not read the secret `secret:hub`: allow it secretsmanager:GetSecretValue, and kms:Decrypt where the secret has a key of its own"),
        ("DecryptionFailure", "AWS Secrets Manager does not give the secret `secret:hub` (DecryptionFailure)"),
    ],
)  # fmt: skip
def test_what_the_service_refuses(
    manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    code: str, said: str,
) -> None:  # fmt: skip
    stubber = Stubber(manager)
    stubber.add_client_error("get_secret_value", code, "the message is not repeated: open-sesame-1")
    monkeypatch.setattr(boto3, "client", lambda *words, **more: manager)
    with stubber:
        assert 1 == tell(tmp_path, HF_TOKEN="secret:hub")
    assert f"error: {said}\n" == capsys.readouterr().err
    with pytest.raises(ClientError):
        manager.get_secret_value(SecretId="hub")


def test_no_region_is_one_line(
    manager: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    os.environ.pop("AWS_REGION")
    assert 1 == tell(tmp_path, HF_TOKEN="secret:hub")
    said = "`HF_TOKEN`: AWS Secrets Manager cannot be asked for `secret:hub` (NoRegionError)"
    assert f"error: {said}\n" == capsys.readouterr().err


def test_an_image_without_boto3_is_one_line(
    manager: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert 1 == tell(tmp_path, HF_TOKEN="secret:hub")
    said = "`HF_TOKEN` lies in AWS Secrets Manager, and boto3, which reads it, is not in this image: install it there"
    assert f"error: {said}\n" == capsys.readouterr().err


def test_help_asks_nobody(manager: Any, capsys: pytest.CaptureFixture[str]) -> None:
    os.environ["ISODAG_SECRET_HF_TOKEN"] = "secret:nobody"
    assert 0 == program.main(["tell", "--help"])
    assert "HF_TOKEN" in capsys.readouterr().out
