"""Credentials written out in a file: found by their published forms, and kept out of messages.

A form is a fixed prefix or frame that its issuer documents; nothing is guessed from how random a
text looks, so digests, ARNs, UUIDs and hashes are never taken for one.  Every pattern takes time
in proportion to the text: a body that may be long is not preceded by what it consists of.
Sources of the forms, unless said: https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from isodag.diagnostics import MOST, Diagnostic, Related
from isodag.frontend import nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.source import Source, Span

HELP = "revoke it, since files are shared; hand it to a step by `secret_env`: see `explain E411`"


class Form(NamedTuple):
    """One kind of credential.

    name     with its article, for messages
    markers  one of them stands in every text that holds the form
    pattern  group 1 is the credential where the match is more than that; compiled when a file
             holds a marker, for most never do
    """

    name: str
    markers: tuple[str, ...]
    pattern: str


def _form(name: str, markers: str, pattern: str) -> Form:
    return Form(name, tuple(markers.split()), pattern)


FORMS = (
    # AWS documents AKIA for keys that last and ASIA for those that do not; its own example keys,
    # which end in EXAMPLE, are no exception: where one stands, a real one will be put
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    _form("an AWS access key id", "AKIA ASIA",
          r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    # https://github.com/awslabs/git-secrets (register_aws)
    _form("an AWS secret access key", "ecret ECRET",
          r"(?i:secret[-_ ]?(?:access[-_ ]?)?key)[\"']?(?: *(?:=>|[:=]) *| +)[\"']?"
          r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
    # https://github.com/pre-commit/pre-commit-hooks (detect_private_key); RFC 7468
    _form("a private key", "PRIVATE",
          r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----"
          r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{30,}+)*+"
          r"(?:(?:\s|\\[nr])*+[A-Za-z0-9+/=]{0,76}+(?:\s|\\[nr])*+"
          r"-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
    _form("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
          r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,})"),
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    _form("a GitLab token", "glpat- glptt- gldt-",
          r"(?<![A-Za-z0-9_-])(?:glpat|gldt|glptt)-[A-Za-z0-9_-]{20,}(?:\.[a-z0-9]{2,}){0,2}"),
    # https://docs.slack.dev/authentication/tokens
    _form("a Slack token", "xox xapp-",
          r"(?<![A-Za-z0-9-])(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]+)"),
    _form("a Slack webhook", "hooks.slack.com",
          r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{40,})"),
    # https://huggingface.co/docs/hub/security-tokens
    _form("a Hugging Face token", "hf_ api_org_",
          r"(?<![A-Za-z0-9_])(?:hf|api_org)_[A-Za-z0-9]{34,}(?![A-Za-z0-9_])"),
    _form("an Anthropic API key", "sk-ant-",
          r"(?<![A-Za-z0-9_-])sk-ant-[a-z]{2,10}[0-9]{2}-[A-Za-z0-9_-]{20,}"),
    _form("an OpenAI API key", "sk-",
          r"(?<![A-Za-z0-9_-])sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"
          r"|[A-Za-z0-9]{48}(?![A-Za-z0-9_-]))"),
    _form("a Google API key", "AIza",
          r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    # https://docs.stripe.com/keys
    _form("a Stripe key", "sk_ rk_",
          r"(?<![A-Za-z0-9_])[sr]k_(?:test|live|prod)_[A-Za-z0-9]{20,}"),
    # https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/
    _form("an npm token", "npm_", r"(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
    # the index's help page, `apitoken`: a macaroon that names the index or its test site, in base64
    _form("a PyPI token", "pypi-Ag",
          r"(?<![A-Za-z0-9_-])pypi-Ag(?:EIcHlwaS5vcmc|ENdGVzdC5weXBpLm9yZ)[A-Za-z0-9_-]{16,}"),
    _form("a Databricks token", "dapi",
          r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}(?:-[0-9])?(?![A-Za-z0-9])"),
    # https://docs.docker.com/security/access-tokens/
    _form("a Docker Hub token", "dckr_pat_", r"(?<![A-Za-z0-9_-])dckr_pat_[A-Za-z0-9_-]{27,}"),
    # https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    _form("an Azure storage key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    # RFC 7519: three parts in base64url, of which the first two are JSON objects
    _form("a JSON Web Token", "eyJ",
          r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    # RFC 3986, section 3.2.1; what stands for a password (`$NAME`, `<…>`, `***`) is none
    _form("a password in a URL", "://",
          r"://[^\s/:@?#\[\]'\"`]*:((?!\$[{(A-Za-z_]|[<{]|%[({]|\*+@|[xX]+@|\.+@)[^\s/@'\"`]+)@"
          r"(?=[\w\[$])"),
)  # fmt: skip

_AWS_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_CONTEXT = re.compile(r"[Ss](?i:ecret[-_ ]?(?:access[-_ ]?)?key)|[Aa](?i:ws[-_ ]?secret)")
_VALUE_KEYS = ("default", "value")  # keys that say nothing of what their value is


class Found(NamedTuple):
    """A credential in a text: the characters `start` to `end`, `end` exclusive."""

    start: int
    end: int
    name: str


def find(text: str) -> list[Found]:
    """The credentials in a text, in order; none within another."""
    matches = sorted(
        (*match.span(match.re.groups), order)
        for order, form in enumerate(FORMS)
        if any(marker in text for marker in form.markers)
        for match in re.finditer(form.pattern, text)
    )
    found: list[Found] = []
    for start, end, order in matches:
        if not found or start >= found[-1].end:
            found.append(Found(start, end, FORMS[order].name))
    return found


def problems(node: Node) -> list[Diagnostic]:
    """E115 for each credential in a document's keys and values, the first MOST + 1."""
    text = node.source.text
    if find(text) or (_AWS_CONTEXT.search(text) and _AWS_KEY.search(text)):
        return list(islice(_problems(node, escaped=False), MOST + 1))
    # an escape in quotes hides what it stands for; nearly every file ends here
    return list(islice(_problems(node, escaped=True), MOST + 1)) if "\\" in text else []


def _problems(node: Node, *, escaped: bool) -> Iterator[Diagnostic]:
    """`escaped`: only in scalars that are written with escapes."""
    for scalar, context in _scalars(node):
        if escaped and "\\" not in scalar.source.text[scalar.start : scalar.end]:
            continue
        found = find(scalar.text)
        if not found and len(scalar.text) == 40 and _AWS_KEY.fullmatch(scalar.text):
            if _AWS_CONTEXT.search(context):
                found = [Found(0, 40, "an AWS secret access key")]
        if found:
            locate = scalar.locate()
            for start, end, name in found:
                text = scalar.text[start:end]
                # of a key in many lines the first is enough to point at
                shown = end if "\n" not in text else start + text.index("\n")
                yield Diagnostic(
                    "E115", f"{name} stands here", locate(start, shown), HELP, conceal=text
                )


def _scalars(node: Node) -> Iterator[tuple[Scalar, str]]:
    """Every key and value once, each with what the keys around it say of it."""
    stack: list[tuple[Node, str]] = [(node, "")]
    seen: set[int] = set()  # an alias gives the same node again
    while stack:
        here, context = stack.pop()
        if isinstance(here, Scalar):
            yield here, context
        elif id(here) in seen:
            continue
        elif isinstance(here, nodes.Sequence):
            seen.add(id(here))
            before = ""
            for item in here.items:
                stack.append((item, f"{context} {before}"))
                before = item.text if isinstance(item, Scalar) else ""
        else:
            seen.add(id(here))
            name = here.get("name")
            own = name.text if isinstance(name, Scalar) else context
            for key, value in here.pairs:
                yield key, ""
                stack.append((value, own if key.text in _VALUE_KEYS else key.text))


# --- kept out of messages --------------------------------------------------------------------

_LEAST = 8  # letters and digits of a credential in a row that are too many to show


def hide(
    found: Iterable[Diagnostic], sources: Mapping[str, Source]
) -> tuple[list[Diagnostic], dict[str, Source]]:
    """The diagnostics and the sources with `*` in place of every credential.

    That is whatever has the form of one, comments and files that YAML cannot read included, and
    what a diagnostic says must not be shown.  Lines and columns stay what they are.
    """
    found = list(found)
    areas = {path: [item[:2] for item in find(source.text)] for path, source in sources.items()}
    texts = {sources[path].text[a:b] for path, held in areas.items() for a, b in held}
    for item in found:
        if item.conceal:
            texts.add(item.conceal)
            if (source := sources.get(item.span.path)) is not None:
                start = source.offset(item.span.line) + item.span.column - 1
                end = source.offset(item.span.end_line) + item.span.end_column - 1
                areas[item.span.path].append((start, end))
    if not texts:
        return found, dict(sources)
    mask = _Mask(texts)
    shown = {path: _covered(source, areas[path]) for path, source in sources.items()}
    return [mask.diagnostic(item) for item in found], {
        mask.path(path): Source(mask.path(path), source.text) for path, source in shown.items()
    }


def _covered(source: Source, areas: list[tuple[int, int]]) -> Source:
    if not areas:
        return source
    parts, at = [], 0
    for start, end in sorted(areas):
        start = max(start, at)
        if end > start:
            # indentation stays, or the lines would not look like those of the file
            stars = re.sub(r"(?<=\n)([ \t]+)|[^\n]", _star, source.text[start:end])
            parts += [source.text[at:start], stars]
            at = end
    return Source(source.path, "".join(parts) + source.text[at:])


def _star(match: re.Match[str]) -> str:
    return match[1] or "*"


class _Mask:
    """Puts `***` for credentials, and for any longer part of one, whatever case it is in."""

    def __init__(self, texts: Iterable[str]) -> None:
        bodies = [re.sub("-----[^-]*-----", "", text) or text for text in texts]
        self._short = [text for text in bodies if len(_letters(text)) < _LEAST]
        self._long = sorted(set(bodies) - set(self._short), key=len, reverse=True)
        self._parts = {
            letters[at : at + _LEAST]
            for letters in map(_letters, bodies)
            for at in range(len(letters) - _LEAST + 1)
        }

    def diagnostic(self, item: Diagnostic) -> Diagnostic:
        related = tuple(Related(self.text(said), self.span(span)) for said, span in item.related)
        span = self.span(item.span)
        if item.code == "E115":  # it speaks of forms alone
            return replace(item, span=span, related=related)
        help = None if item.help is None else self.text(item.help)
        return replace(item, message=self.text(item.message), span=span, help=help, related=related)

    def span(self, span: Span) -> Span:
        return span._replace(path=self.path(span.path))

    def path(self, path: str) -> str:
        """A file's name; that of `--set NAME=VALUE` is what the user typed."""
        return self.text(path) if path.startswith("--set") else path

    def text(self, said: str) -> str:
        for text in self._short:
            said = said.replace(f"`{text}`", "`***`")
        for text in self._long:
            said = said.replace(text, "***")
        kept = [(at, letter) for at, sign in enumerate(said) for letter in _letters(sign)]
        places, plain = [at for at, _ in kept], "".join(letter for _, letter in kept)
        cuts: list[list[int]] = []
        for at in range(len(plain) - _LEAST + 1):
            if plain[at : at + _LEAST] in self._parts:
                start, end = places[at], places[at + _LEAST - 1] + 1
                if cuts and start <= cuts[-1][1]:
                    cuts[-1][1] = end
                else:
                    cuts.append([start, end])
        for start, end in reversed(cuts):
            said = said[:start] + "***" + said[end:]
        return said


def _letters(text: str) -> str:
    """What messages keep of a text whatever they do to it: letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
