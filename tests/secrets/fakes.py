"""Strings with the form of credentials, put together from parts that have none."""

from __future__ import annotations

import string

from hypothesis import strategies as st

UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "_-"
BASE64 = ALNUM + "+/"
HEX = "0123456789abcdef"


def of(alphabet: str, size: int, most: int | None = None) -> st.SearchStrategy[str]:
    """Text of an alphabet, which does not begin or end in a sign."""
    sizes = st.just(size) if most is None else st.integers(size, most)
    inner = sizes.flatmap(lambda n: st.text(alphabet, min_size=n - 2, max_size=n - 2))
    edge = st.sampled_from([sign for sign in alphabet if sign.isalnum()])
    return st.builds(lambda first, text, last: first + text + last, edge, inner, edge)


def joined(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    made = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(*made).map("".join)


FORMS: dict[str, st.SearchStrategy[str]] = {
    "an AWS access key id": joined(st.sampled_from(["AK" + "IA", "AS" + "IA"]), of(UPPER, 16)),
    "a GitHub token": joined(
        "gh", st.sampled_from("pousr"), "_", of(ALNUM, 36)
    ) | joined("github" + "_pat_", of(ALNUM, 22), "_", of(ALNUM, 59)),
    "a GitLab token": joined("glp" + "at-", of(URLSAFE, 20)),
    "a Slack token": joined("xo" + "xb-", of(string.digits, 12), "-", of(ALNUM, 24)),
    "a Hugging Face token": joined("h" + "f_", of(string.ascii_letters, 34)),
    "an Anthropic API key": joined("sk-" + "ant-api03-", of(URLSAFE, 93), "AA"),
    "an OpenAI API key": joined("sk-" + "proj-", of(URLSAFE, 74, 140)) | joined("sk" + "-", of(ALNUM, 48)),
    "a Google API key": joined("AI" + "za", of(URLSAFE, 35)),
    "a Stripe key": joined("sk" + "_live_", of(ALNUM, 24)),
    "an npm token": joined("np" + "m_", of(ALNUM, 36)),
    "a PyPI token": joined("pypi" + "-AgEIcHlwaS5vcmc", of(URLSAFE, 60, 150)),
    "a Databricks token": joined("da" + "pi", of(HEX, 32)),
    "a Docker Hub token": joined("dckr" + "_pat_", of(URLSAFE, 27)),
    "a JSON Web Token": joined(
        "ey" + "J", of(URLSAFE, 20, 40), ".ey" + "J", of(URLSAFE, 20, 90), ".", of(URLSAFE, 43)
    ),
}  # fmt: skip
"""By name of the form: what stands alone, in one line, with no sign that YAML minds."""

TOKENS = st.one_of(
    *(made.map(lambda text, name=name: (name, text)) for name, made in FORMS.items())
)

AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
HF = "hf" + "_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
_BODY = ["MIIEpAIBAAKCAQEA" + 48 * letter for letter in "abc"]


def pem(kind: str = "RSA ") -> list[str]:
    """The lines of a private key."""
    frame = f"{kind}PRIVATE" + " KEY-----"
    return [f"-----BEGIN {frame}", *_BODY, "QUJD==", f"-----END {frame}"]
