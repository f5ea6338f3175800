"""Several hosts of a SageMaker job train what one host trains, each its rows of every batch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import isodag
from isodag.runtime import ComponentError

pytest.importorskip("keras_hub")
LIBRARY = Path(__file__).parents[2] / "components"
DEADLINE = 120  # seconds for a host to end; then it hangs
SETTINGS = {"epochs": 2, "learning_rate": 0.01, "batch_size": 16, "seed": 1, "dropout": 0}
# Rounding: sums over two halves of a batch.  Measured: 1e-7 with two hosts here, 3e-7 with three;
# in 16 steps of all-MiniLM-L6-v2 on real reviews no difference, and weights 2e-6 apart at most.
CLOSE = 1e-5


def addresses(hosts: int) -> list[str]:
    """Free ports of this machine, in the order in which hosts agree to count."""
    with_doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(hosts)]
    found = sorted(f"127.0.0.1:{door.getsockname()[1]}" for door in with_doors)
    for door in with_doors:
        door.close()
    return found


@dataclass(frozen=True)
class Machine:
    """A host: its /opt/ml and its process."""

    root: Path
    process: subprocess.Popen[str]

    def end(self) -> tuple[int, str]:
        """The exit status and the reason of a failure, once it has ended."""
        self.process.communicate(timeout=DEADLINE)
        failure = self.root / "output" / "failure"
        return self.process.returncode, failure.read_text() if failure.exists() else ""

    def files(self) -> set[str]:
        """What SageMaker would upload."""
        places = (self.root / "model", self.root / "output" / "data")
        paths = [path for place in places for path in place.rglob("*") if path.is_file()]
        return {path.relative_to(self.root).as_posix() for path in paths}


@pytest.fixture(scope="module")
def without_dropout(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy checkpoint; hosts draw otherwise than one host does, so nothing may be drawn."""
    folder = Path(shutil.copytree(checkpoint, tmp_path_factory.mktemp("still") / "checkpoint"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": 0}))
    return folder


@pytest.fixture
def job(without_dropout: Path, toy: Any, tmp_path: Path) -> Iterator[Callable[..., list[Machine]]]:
    """Start the hosts of a training job; those that still run in the end are killed."""
    started: list[Machine] = []

    def start(names: list[str], **hyperparameters: Any) -> list[Machine]:
        for number, name in enumerate(names):
            root = tmp_path / f"host{number}"
            for folder in ("input/config", "input/data", "model", "output/data"):
                (root / folder).mkdir(parents=True)
            channels = {s: toy.folder / s for s in ("train", "validation")}
            for channel, place in {**channels, "checkpoint": without_dropout}.items():
                (root / "input" / "data" / channel).symlink_to(place)
            said = {
                "resourceconfig.json": {"current_host": name, "hosts": names[::-1]},
                "hyperparameters.json": {k: str(v) for k, v in hyperparameters.items()},
                "inputdataconfig.json": {
                    s: {"S3DistributionType": "FullyReplicated"} for s in channels
                },
            }
            for file, content in said.items():
                (root / "input" / "config" / file).write_text(json.dumps(content))
            environment = {
                **os.environ, "ISODAG_OPT_ML": str(root), "ISODAG_COMPONENTS": str(LIBRARY),
                "PYTHONPATH": str(Path(isodag.__file__).parents[1]),
            }  # fmt: skip
            command = [sys.executable, "-m", "isodag.runtime", "train_bert"]
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True,
            )  # fmt: skip
            started.append(Machine(root, process))
        return started

    yield start
    for host in started:
        host.process.kill()
        host.process.communicate()


def test_two_hosts_learn_what_one_learns_with_the_same_batches(
    job: Callable[..., list[Machine]], component: Callable[[str], Any], without_dropout: Path,
    toy: Any, tmp_path: Path,
) -> None:  # fmt: skip
    # the last of the batches has one row, which is the first host's
    assert 1 == toy.facts("train")["rows"] % SETTINGS["batch_size"]
    first, second = job(addresses(2), **SETTINGS)
    (tmp_path / "alone").mkdir()
    scalars = component("train_bert")(
        toy.folder / "train", toy.folder / "validation", without_dropout,
        tmp_path / "alone", tmp_path / "metrics", **SETTINGS,
    )  # fmt: skip
    assert [(0, ""), (0, "")] == [first.end(), second.end()]

    alone = json.loads((tmp_path / "metrics").read_text())
    together = json.loads((first.root / "output" / "data" / "metrics").read_text())
    assert {"best_epoch", *(f"{split}_{name}_epoch_{n}" for split in ("train", "validation")
                            for name in ("loss", "accuracy") for n in (1, 2))} == set(alone)  # fmt: skip
    assert pytest.approx(alone, rel=CLOSE) == together
    settings = json.loads((first.root / "model" / "settings.json").read_text())
    assert [scalars["best_epoch"], 2] == [settings["best_epoch"], settings["hosts"]]
    # the second host's files would overwrite the first's
    assert set() == second.files()
    assert {"model/1/saved_model.pb", "model/labels.json", "output/data/metrics"} < first.files()


def test_a_host_that_ends_ends_the_training_of_all(job: Callable[..., list[Machine]]) -> None:
    first, second = job(addresses(2), **{**SETTINGS, "epochs": 100})
    lines = iter(second.process.stderr or ())
    assert any(line.startswith("epoch 1/100 done") for line in lines)
    second.process.send_signal(signal.SIGTERM)  # as SageMaker does
    assert (143, "stopped by SIGTERM before the component was done") == second.end()
    assert (1, "another host ended before the training did: its own log says why") == first.end()
    assert set() == first.files()


# --- who is who, and whether all are there ----------------------------------------------------


def meet(component: Callable[[str], Any], works: list[Any], patience: float = 30) -> list[str]:
    """Let hosts meet, each with its work; None for one that stays away.  What each is told."""
    component("train_bert")
    from training_hosts import Host

    names = tuple(addresses(len(works)))

    def come(number: int) -> str:
        try:
            Host(number, names).meet(works[number], patience)
        except ComponentError as error:
            return str(error).replace(names[0], "first").replace(names[1], "second")
        return ""

    with ThreadPoolExecutor() as threads:
        return list(threads.map(come, [n for n, work in enumerate(works) if work is not None]))


def test_hosts_with_the_same_work_meet(component: Callable[[str], Any]) -> None:
    assert [""] * 4 == meet(component, [{"rows": 1, "seed": 0}] * 4)


def test_hosts_with_other_work_are_all_told(component: Callable[[str], Any]) -> None:
    expected = "host `second` was given other data or parameters than `first`"
    assert [expected] * 3 == meet(component, [{"rows": 1}, {"rows": 2}, {"rows": 1}])


def test_a_host_that_stays_away_is_named(component: Callable[[str], Any]) -> None:
    expected = "host `second` did not come within 1 s: see its log"
    assert [expected] * 2 == meet(component, [{}, None, {}], patience=1)
    expected = "host `first` did not answer within 1 s: see its log"
    assert [expected] == meet(component, [None, {}], patience=1)


def test_strangers_at_the_door_are_passed_over(component: Callable[[str], Any]) -> None:
    component("train_bert")
    from training_hosts import Host

    names = tuple(addresses(2))
    with ThreadPoolExecutor() as threads:
        first = threads.submit(Host(0, names).meet, {}, 30)
        address = ("127.0.0.1", int(names[0].rpartition(":")[2]))
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"", b'{"number": 7, "word": 0}\n', b"[]\n"):
            with reached(address) as call:
                call.sendall(said)
        Host(1, names).meet({}, 30)
        assert first.result(30) is None


def reached(address: tuple[str, int]) -> socket.socket:
    """A connection to a door that may not be open yet."""
    while True:
        try:
            return socket.create_connection(address)
        except ConnectionRefusedError:
            pass


@pytest.fixture
def this_host(
    component: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """What a host makes of the files of its job."""
    component("train_bert")
    from training_hosts import this_host

    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    monkeypatch.setenv("ISODAG_OPT_ML", str(tmp_path))

    def read(**files: Any) -> Any:
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (config / f"{name}.json").write_text(text)
        return this_host()

    return read


def test_hosts_count_alike_whatever_the_order_they_are_named_in(
    this_host: Callable[..., Any],
) -> None:
    names = ["algo-2", "algo-1:99", "algo-3"]
    host = this_host(resourceconfig={"current_host": "algo-2", "hosts": names})
    assert [1, False, False] == [host.number, host.first, host.alone]
    workers = ["algo-1:99", "algo-2:2222", "algo-3:2222"]
    expected = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": 1}}
    assert expected == json.loads(host.tf_config())


def test_without_sagemakers_file_a_host_is_alone(this_host: Callable[..., Any]) -> None:
    host = this_host()
    assert [True, True] == [host.first, host.alone]


def test_files_that_do_not_say_who_is_who_are_refused(
    this_host: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "input" / "config" / "resourceconfig.json"
    for content in ("[]", '{"hosts": ["a"], "current_host": "b"}'):
        with pytest.raises(ComponentError) as caught:
            this_host(resourceconfig=content)
        assert f"{file} does not name hosts and current_host" == str(caught.value)


def test_a_channel_that_is_dealt_out_is_refused(this_host: Callable[..., Any]) -> None:
    channels = {"train": {"S3DistributionType": "ShardedByS3Key"}}
    alone = {"current_host": "a", "hosts": ["a"]}
    assert this_host(resourceconfig=alone, inputdataconfig=channels).alone
    with pytest.raises(ComponentError) as caught:
        this_host(resourceconfig={"current_host": "a", "hosts": ["a", "b"]})
    expected = "train is sharded over 2 hosts, each of which needs all of it: replicate it"
    assert expected == str(caught.value)
