"""What the pages at the top of the repository say is true of the product."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from isodag import cli, driver

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [text for _, text in BLOCK.findall(PAGES[0].read_text()) if "apiVersion:" in text]


def test_the_readme_has_dag_files_as_examples() -> None:
    assert 2 == len(EXAMPLES)


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_dag_file_in_the_readme_is_right(text: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(text)
    loaded = driver.load(path, components=[str(REPOSITORY / "components")])
    assert [] == [item.message for item in loaded.diagnostics]
    assert loaded.pipeline is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_page_exists(page: Path) -> None:
    words = re.findall(r"\bisodag ((?:[a-z]+ ?){1,2})", "\n".join(
        text for _, text in BLOCK.findall(page.read_text())))  # fmt: skip
    context = click.Context(cli.main)
    for text in words:
        name, *rest = text.split()
        command = cli.main.get_command(context, name)
        assert command is not None, f"isodag {text}"
        if isinstance(command, click.Group):
            assert command.get_command(context, rest[0]) is not None, f"isodag {text}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    missing = [name for name in targets if "://" not in name and not (REPOSITORY / name).exists()]
    assert [] == missing
