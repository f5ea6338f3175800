"""The lint both ways: what has the form of a credential is found, what has not is left alone."""

from __future__ import annotations

import hashlib
import uuid

import fakes
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from isodag.frontend import credentials

AROUND = st.sampled_from(["", " ", '"', "'", "=", ": ", "/", "(", "`", ","])


@pytest.mark.parametrize("name", fakes.FORMS)
@given(data=st.data())
def test_a_form_is_found_by_its_name_wherever_it_stands(name: str, data: st.DataObject) -> None:
    text = data.draw(fakes.FORMS[name])
    before, after = data.draw(AROUND), data.draw(AROUND)
    found = credentials.find(f"see{before or ' '}{text}{after or ' '}there")
    assert [(name, text)] == [
        (item.name, f"see{before or ' '}{text}{after or ' '}there"[item.start : item.end])
        for item in found
    ]


@given(st.lists(fakes.TOKENS, max_size=6))
def test_all_are_found_in_order_and_none_twice(tokens: list[tuple[str, str]]) -> None:
    text = " ".join(token for _, token in tokens)
    found = credentials.find(text)
    assert tokens == [(item.name, text[item.start : item.end]) for item in found]


@pytest.mark.parametrize(
    ("text", "name", "held"),
    [
        ("aws_secret_access_key = " + fakes.AWS_SECRET, "an AWS secret access key", fakes.AWS_SECRET),
        ('"SecretAccessKey": "' + fakes.AWS_SECRET + '"', "an AWS secret access key", fakes.AWS_SECRET),
        ("--secret-access-key " + fakes.AWS_SECRET, "an AWS secret access key", fakes.AWS_SECRET),
        ("https://bob:hunter2" + "@example.com/x", "a password in a URL", "hunter2"),
        ("postgresql://bob:p%40ss:w" + "@db:5432/x", "a password in a URL", "p%40ss:w"),
        ("redis://:opensesame" + "@cache", "a password in a URL", "opensesame"),
        ("git+https://oauth2:" + fakes.HF + "@hub/x", "a Hugging Face token", fakes.HF),
        ("https://" + "hooks.slack.com/services/T0/B0/" + 40 * "x", "a Slack webhook", "T0/B0/" + 40 * "x"),
        ("AccountName=a;AccountKey" + "=" + 86 * "A" + "==;", "an Azure storage key", 86 * "A" + "=="),
        ("x\n" + "\n".join(fakes.pem()) + "\ny", "a private key", "\n".join(fakes.pem())),
        ("\\n".join(fakes.pem("")), "a private key", "\\n".join(fakes.pem(""))),
        ("\n    ".join(fakes.pem("OPENSSH ")), "a private key", "\n    ".join(fakes.pem("OPENSSH "))),
        (fakes.pem("EC ")[0], "a private key", fakes.pem("EC ")[0]),
    ],
)  # fmt: skip
def test_forms_that_need_their_surroundings(text: str, name: str, held: str) -> None:
    assert [(name, held)] == [
        (item.name, text[item.start : item.end]) for item in credentials.find(text)
    ]


HARMLESS = [
    "arn:aws:iam::111122223333:role/pipelines",
    "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-token-AbCdEf",
    "arn:aws:sagemaker:us-east-1:111122223333:model-package/reviews/3",
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/bert:1.0.0",
    "registry.example.com:5000/a/b@sha256:" + 64 * "a",
    "oci://registry.example.com:5000/model@sha256:" + 64 * "0",
    "s3://my-bucket/runs/x@y:z", "gs://bucket/a:b@c", "hf://org/name@main",
    "ssh://git@github.com:22/org/name.git", "git@github.com:org/name.git",
    "https://example.com:8443/a@b", "https://user@example.com/",
    "https://user:${PASSWORD}@example.com", "https://user:$PASSWORD@example.com",
    "https://user:${{ parameters.password }}@example.com", "https://user:<password>@example.com",
    "https://user:***@example.com", "https://USER:{password}@example.com",
    "secret:hub-token", "env:AWS_SECRET_ACCESS_KEY", "file:/run/secrets/hub",
    "hf_checkpoint", "hf_" + 33 * "a", "hf_model_name_that_is_much_longer_than_a_token_would_be",
    "ghp_short", "sk-learn", "task-" + 48 * "a", "sk-" + 40 * "a", "npm_config_registry",
    "sk_test_classifier", "glpat-none", "dapi-server", "AKIA", "AKIA" + 15 * "A", "AKIA" + 17 * "A",
    "the -----BEGIN CERTIFICATE----- and -----BEGIN PUBLIC KEY----- of it",
    "eyJhbGciOiJIUzI1NiJ9", "bert-base-uncased", "sentence-transformers/all-MiniLM-L6-v2",
    "secret_access_key", "secret_access_key: ${{ parameters.key }}",
    "KmsKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_is_left_alone(text: str) -> None:
    assert [] == credentials.find(text)


@given(st.binary(max_size=40), st.uuids(), st.text(fakes.BASE64, min_size=1, max_size=200))
@example(b"", uuid.UUID(int=0), "AKIA")
def test_digests_hashes_identifiers_and_base64_are_no_credentials(
    data: bytes, identifier: uuid.UUID, base64: str
) -> None:
    digest = hashlib.sha256(data).hexdigest()
    for text in (f"sha256:{digest}", hashlib.sha1(data).hexdigest(), str(identifier), digest[:7]):
        assert [] == credentials.find(text)
        assert [] == credentials.find(f"image: bert@{text}")
    if not base64.startswith(("AKIA", "ASIA")):
        assert [] == credentials.find("model-" + base64.replace("AKIA", "x").replace("ASIA", "x"))


HOSTILE = [
    "eyJ", "eyJ.", "hf_", "://", "://a:", "://a:b", "AKIA", "ghp_", "sk-proj-", "sk-ant-api03-",
    "-----BEGIN PRIVATE" + " KEY-----", "-----BEGIN ", "xoxb-", "glpat-", "pypi-AgEIcHlwaS5vcmc",
    "secret_access_key ", "secretkey= ", "AccountKey=", "github_pat_", "xapp-1-A-1", "a", " ", "\\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_megabyte_is_searched_to_its_end(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    found = credentials.find(text + " " + fakes.HF)
    assert fakes.HF == (text + " " + fakes.HF)[found[-1].start : found[-1].end]
    head = fakes.pem()[0]
    assert "a private key" == credentials.find(head + text)[0].name
