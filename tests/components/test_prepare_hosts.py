"""Several hosts of a SageMaker job prepare what one host prepares, each its own rows."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import isodag
from isodag.runtime import ComponentError

pytest.importorskip("tensorflow")
LIBRARY = Path(__file__).parents[2] / "components"
SPLITS = ("train", "validation", "test")
FOLDERS = (*SPLITS, "unlabelled", "rejected")
PARAMETERS = {"max_length": 8, "validation_share": 0.25, "test_share": 0.25, "shards": 2}
HEAD = "review_id,customer,star_rating,review_body\n"


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Four files; each customer has rows in all of them."""
    folder = tmp_path / "reviews"
    folder.mkdir()
    for file in range(4):
        rows = [
            f"r{file}-{n},c{n},{5 if n % 3 else 1},{'good' if n % 3 else 'bad'} box it is a the {n}"
            for n in range(30)
        ]
        rows += [f"u{file},c1,,good", f"x{file},c1,3,good", f"y{file},c1,5,"]
        (folder / f"part-{file}.csv").write_text(HEAD + "\n".join(rows) + "\n")
    return folder


@dataclass(frozen=True)
class Host:
    """What one host has under its /opt/ml after a job."""

    root: Path
    status: int
    error: str

    def output(self, name: str) -> Path:
        return self.root / "processing" / "output" / name / "data"

    def facts(self) -> list[Any]:
        """The content of its own dataset files."""
        paths = [path for split in SPLITS for path in self.output(split).glob("dataset*.json")]
        return [json.loads(path.read_text()) for path in paths]

    def values(self) -> Any:
        return json.loads((self.root / "processing/output/values/values.json").read_text())


def lay_out(root: Path, name: str, hosts: list[str], files: list[Path], kind: str) -> None:
    """A host's /opt/ml, as SageMaker has it when the container starts; no folder without a file."""
    mounted = root / "processing" / "input" / "reviews"
    mounted.parent.mkdir(parents=True)
    for file in files:
        mounted.mkdir(exist_ok=True)
        shutil.copy(file, mounted)
    s3 = {"S3Uri": "s3://b/reviews", "LocalPath": "/opt/ml/processing/input/reviews"}
    inputs = [
        {"InputName": "other", "S3Input": {**s3, "LocalPath": "/opt/ml/processing/input/other"}},
        {"InputName": "reviews", "S3Input": {**s3, "S3DataDistributionType": kind}},
    ]
    config = root / "config"
    config.mkdir()
    resources = {"current_host": name, "hosts": hosts}
    (config / "resourceconfig.json").write_text(json.dumps(resources))
    (config / "processingjobconfig.json").write_text(json.dumps({"ProcessingInputs": inputs}))


def addresses(hosts: int) -> list[str]:
    """Free ports of this machine, in the order in which hosts agree to count."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(hosts)]
    found = sorted(f"127.0.0.1:{door.getsockname()[1]}" for door in doors)
    for door in doors:
        door.close()
    return found


@pytest.fixture
def job(checkpoint: Path, tmp_path: Path) -> Callable[..., list[Host]]:
    """Start two hosts at once, each with its files, and wait for both."""

    def run(shares: list[list[Path]], distribution: str, **parameters: Any) -> list[Host]:
        base = tmp_path / distribution
        names = addresses(len(shares))
        started = []
        for number, files in enumerate(shares):
            root = base / f"host{number}"
            lay_out(root, names[number], names[::-1], files, distribution)
            flags = {
                "reviews": "/opt/ml/processing/input/reviews", "checkpoint": checkpoint,
                **{name: f"/opt/ml/processing/output/{name}/data" for name in (*FOLDERS, "metrics")},
                "train_rows": "/opt/ml/processing/output/values/train_rows",
                **PARAMETERS, "group_column": "customer", **parameters,
            }  # fmt: skip
            argv = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
            environment = {
                **os.environ, "ISODAG_OPT_ML": str(root), "ISODAG_COMPONENTS": str(LIBRARY),
                "PYTHONPATH": str(Path(isodag.__file__).parents[1]),
            }  # fmt: skip
            command = [sys.executable, "-m", "isodag.runtime", "prepare_reviews", *argv]
            started.append(
                (
                    root,
                    subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True),
                )
            )
        found = [(root, process.communicate(timeout=120)[1], process) for root, process in started]
        return [Host(root, process.returncode, error) for root, error, process in found]

    return run


def uploaded(hosts: list[Host], to: Path) -> Path:
    """The outputs of all hosts in one place, as S3 has them; equal names would overwrite."""
    for host in hosts:
        for name in FOLDERS:
            (to / name).mkdir(parents=True, exist_ok=True)
            for file in host.output(name).iterdir():
                assert not (to / name / file.name).exists(), f"two hosts write {name}/{file.name}"
                shutil.copy(file, to / name)
    return to


def json_lines(folder: Path) -> Counter[str]:
    return Counter(line for path in folder.iterdir() for line in path.read_text().splitlines())


def rows(prepared: Any, split: str) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in prepared.rows(split))


@pytest.mark.parametrize("distribution", ["ShardedByS3Key", "FullyReplicated"])
def test_two_hosts_make_the_splits_of_one(
    distribution: str, job: Callable[..., list[Host]], reviews: Path, prepare: Any,
    component: Callable[[str], Any], tmp_path: Path,
) -> None:  # fmt: skip
    files = sorted(reviews.iterdir())
    sharded = distribution == "ShardedByS3Key"
    hosts = job([files[::2], files[1::2]] if sharded else [files, files], distribution)
    assert [0, 0] == [host.status for host in hosts], hosts
    alone = prepare(reviews, group_column="customer", shards=2)
    together = type(alone)(uploaded(hosts, tmp_path / "s3"), {})

    component("train_bert")
    from dataset_folder import read_split

    for split in SPLITS:
        assert rows(alone, split) == rows(together, split)
        one, both = (read_split(x.folder / split, split) for x in (alone, together))
        counts = [(x.rows, dict(x.rows_by_tokens), x.labels, x.max_length) for x in (one, both)]
        assert counts[0] == counts[1]
        assert 4 == len(both.shards)
    for name in ("unlabelled", "rejected"):
        assert json_lines(alone.folder / name) == json_lines(together.folder / name)

    # each host says what all did: their files have one name, and the last one uploaded stays
    assert [alone.metrics()] * 2 == [json.loads(h.output("metrics").read_text()) for h in hosts]
    assert [alone.scalars] * 2 == [host.values() for host in hosts]
    shares = [sum(facts["rows"] for facts in host.facts()) for host in hosts]
    assert sum(shares) == sum(alone.scalars[f"{split}_rows"] for split in SPLITS)
    assert min(shares) >= 50


def test_replicated_rows_are_balanced_over_all_hosts(
    job: Callable[..., list[Host]], reviews: Path, prepare: Any, tmp_path: Path
) -> None:
    files = sorted(reviews.iterdir())
    hosts = job([files, files], "FullyReplicated", balance="true")
    alone = prepare(reviews, group_column="customer", balance=True)
    together = type(alone)(uploaded(hosts, tmp_path / "s3"), {})
    assert rows(alone, "train") == rows(together, "train")
    assert [alone.scalars] * 2 == [host.values() for host in hosts]


def test_a_host_without_reviews_writes_empty_files(
    job: Callable[..., list[Host]], reviews: Path, component: Callable[[str], Any], tmp_path: Path
) -> None:
    hosts = job([sorted(reviews.iterdir()), []], "ShardedByS3Key", labels="[1, 5, 3]")
    assert (hosts[1].root / "processing" / "input" / "reviews").is_dir()  # though none was given
    assert [0, 0] == [host.status for host in hosts], hosts
    component("train_bert")
    from dataset_folder import read_split

    folder = uploaded(hosts, tmp_path / "s3")
    split = read_split(folder / "test", "test")
    assert split.rows == hosts[0].values()["test_rows"] > 0
    assert hosts[0].values() == hosts[1].values()
    assert [0, 0, 0] == [facts["rows"] for facts in hosts[1].facts()]


@pytest.mark.parametrize(
    ("parameters", "way_out"),
    [
        ({"balance": True}, "leave balance off, or replicate them"),
        ({"max_rows": 9}, "leave max_rows at 0, or replicate them"),
    ],
    ids=["balance", "max_rows"],
)
def test_sharded_reviews_refuse_what_needs_all_of_them(
    prepare: Any, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, Any], way_out: str,
) -> None:  # fmt: skip
    names = ["algo-1", "algo-2"]
    lay_out(tmp_path / "ml", "algo-1", names, sorted(reviews.iterdir()), "ShardedByS3Key")
    monkeypatch.setenv("ISODAG_OPT_ML", str(tmp_path / "ml"))
    with pytest.raises(ComponentError) as caught:
        prepare(tmp_path / "ml" / "processing" / "input" / "reviews", **parameters)
    expected = f"reviews are sharded over 2 hosts, none of which sees them all: {way_out}"
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "{} cannot be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"hosts": ["a"], "current_host": "b"}', "{} does not name hosts and current_host"),
    ],
)  # fmt: skip
def test_a_resource_file_that_says_nothing_is_refused(
    prepare: Any, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    content: str, message: str,
) -> None:  # fmt: skip
    file = tmp_path / "ml" / "config" / "resourceconfig.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    monkeypatch.setenv("ISODAG_OPT_ML", str(tmp_path / "ml"))
    with pytest.raises(ComponentError) as caught:
        prepare(reviews)
    assert message.replace("{}", str(file), 1) == str(caught.value)


def two_hosts(folder: Path, **changed: Any) -> Path:
    """A split of two hosts that wrote nothing; `changed` is what the second says otherwise."""
    folder.mkdir()
    facts: dict[str, Any] = {
        "rows": 1, "rows_by_tokens": {"3": 1}, "labels": ["1", "5"], "shards": [],
        "max_length": 8, "vocab_size": 17,
    }  # fmt: skip
    for number, said in enumerate((facts, {**facts, **changed})):
        (folder / f"dataset-0000{number}-of-00002.json").write_text(json.dumps(said))
    return folder


def test_a_split_of_which_a_part_is_missing_is_refused(
    component: Callable[[str], Any], tmp_path: Path
) -> None:
    component("train_bert")
    from dataset_folder import read_split

    def refusal(folder: Path) -> str:
        with pytest.raises(ComponentError) as caught:
            read_split(folder, "train")
        return str(caught.value).replace(str(folder), "F")

    assert 2 == read_split(two_hosts(tmp_path / "good"), "train").rows
    lost = two_hosts(tmp_path / "lost")
    (lost / "dataset-00001-of-00002.json").unlink()
    assert "train: there is no dataset-00001-of-00002.json in `F`" == refusal(lost)
    other = two_hosts(tmp_path / "other", max_length=9)
    assert "train: the hosts that prepared it have other max_length" == refusal(other)
    mixed = two_hosts(tmp_path / "mixed")
    (mixed / "dataset.json").write_text("{}")
    assert (
        "train: several runs wrote to `F`: dataset-00000-of-00002.json,"
        " dataset-00001-of-00002.json, dataset.json"
    ) == refusal(mixed)
