"""Our schemas in a real editor's server: https://www.npmjs.com/package/yaml-language-server.

Skipped where the program is not installed (`npm install -g yaml-language-server`, or its path in
$YAML_LANGUAGE_SERVER); seen to pass with 1.25.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from language_server import Completion, Server, installed, running

from isodag import driver, editors
from isodag.editors import installed as library
from isodag.frontend import schema
from isodag.library import folders_for

REPOSITORY = Path(__file__).parents[2]
PROGRAM = installed()
HEAD = """\
# yaml-language-server: $schema=pipeline.schema.json
apiVersion: isodag/v1
kind: Pipeline
name: x
"""
TRAIN = HEAD + "steps:\n  a:\n    component: train_bert@1\n"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no yaml-language-server")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("edited")
    targets = {name: target.KEYS for name, target in driver.TARGETS.items()}
    components = library.components(folders_for(REPOSITORY / "definitions"))
    for name, made in (
        ("pipeline", editors.pipeline(components, targets)),
        ("values", editors.values(targets)),
        ("component", editors.component()),
    ):
        (folder / f"{name}.schema.json").write_bytes(editors.document(made))
    assert PROGRAM is not None
    with running(PROGRAM, folder) as found:
        yield found


def offered(found: list[Completion]) -> dict[str, str]:
    """What is offered, with what is said of it."""
    return {item.label: item.about for item in found}


def test_it_completes_the_keys_of_a_pipeline(server: Server) -> None:
    found = offered(server.completions(HEAD + "‸\n"))
    expected = {key.name: key.doc for key in schema.PIPELINE[3:]}
    assert expected == {name: found.get(name) for name in expected}


def test_it_completes_the_keys_of_a_step(server: Server) -> None:
    found = offered(server.completions(HEAD + "steps:\n  a:\n    ‸\n"))
    expected = {key.name: key.doc for key in schema.STEP}
    assert expected == {name: found.get(name) for name in expected}


def test_it_completes_components(server: Server) -> None:
    found = offered(server.completions(HEAD + "steps:\n  a:\n    component: ‸\n"))
    assert {"train_bert", "train_bert@1", "register_model@1"} < set(found)
    assert found["train_bert@1"].startswith("Fine-tune a BERT checkpoint")


def test_it_completes_the_inputs_of_a_component_and_no_others(server: Server) -> None:
    found = offered(server.completions(TRAIN + "    inputs:\n      ‸\n"))
    assert "Integer. Passes over the training split." == found["epochs"]
    assert "metrics" not in found


def test_it_completes_values(server: Server) -> None:
    text = TRAIN.replace("train_bert", "register_model") + "    inputs:\n      approval: ‸\n"
    allowed = {"PendingManualApproval", "Approved", "Rejected"}
    assert allowed == set(offered(server.completions(text)))
    text = HEAD + "targets:\n  sagemaker:\n    ‸\n"
    assert {"role", "artifact_root", "instance_type"} < set(offered(server.completions(text)))


def test_it_shows_what_a_key_is(server: Server) -> None:
    text = TRAIN + "    inputs:\n      epo‸chs: 3\n"
    assert "Integer. Passes over the training split." in server.hover(text)


def test_it_finds_nothing_in_our_own_files(server: Server) -> None:
    for path in sorted((REPOSITORY / "definitions").rglob("*.yaml")):
        text = path.read_text("utf-8").replace("$schema=../", "$schema=")
        assert (path.name, []) == (path.name, server.diagnostics(text))
    line = "# yaml-language-server: $schema=component.schema.json\n"
    for path in sorted((REPOSITORY / "components").glob("*/component.yaml")):
        assert (path.parent.name, []) == (
            path.parent.name, server.diagnostics(line + path.read_text("utf-8")),
        )  # fmt: skip


def test_it_finds_mistakes_at_their_lines(server: Server) -> None:
    text = HEAD + (
        "steps:\n  a:\n    component: train_bert@1\n    inputs:\n      train: ${{ parameters.x }}\n"
        "      validation: x\n      epochs: many\n      nope: 1\n    resources: {cpu: ${{ vars.a }}}\n"
        "  b:\n    retry:\n      on: [weather]\n    fail: x\n    wen: ok\n"
    ).replace("{cpu: ${{ vars.a }}}", '{cpu: "${{ vars.a }}"}')
    causes = ", ".join(f'"{cause}"' for cause in schema.RETRY_CAUSES)
    assert [
        (8, 'Missing property "checkpoint".'),
        (11, 'Incorrect type. Expected "integer".'),
        (12, "Property nope is not allowed."),
        (16, f"Value is not accepted. Valid values: {causes}."),
        (18, "Property wen is not allowed."),
    ] == server.diagnostics(text)
