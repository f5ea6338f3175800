"""Runs that are stopped or killed: nothing half-done is believed, and they can be gone on with."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.engine import RunError, State, run

Fifo = Callable[[str], Path]


def stuck(kit: Any, started: Path, hold: Path, *, deaf: bool = False) -> ir.Pipeline:
    """first, an effect on the world, and then a step that goes on for as long as `hold` exists."""
    trap = "trap '' TERM; " if deaf else ""
    wait = f"if [ -e {hold} ]; then {trap}exec 3> {started}; cat {hold}; cat {hold}; fi"
    log = kit.folder / "effects"
    return kit.pipeline(
        kit.step("first", "printf 1 > $n", {}, {"n": "Integer"}),
        kit.step("effect", f"echo $n >> {log}; printf ok > $page",
                  {"n": ir.OutputRef("first", "n", "Integer")}, {"page": "Markdown"},
                  side_effects=True),
        kit.step("train", f"printf part > $model; {wait}; printf whole > $model", {},
                  {"model": "Dataset"}, after=["effect"]),
        kit.step("last", ":", {"model": ir.OutputRef("train", "model", "Dataset")}),
    )  # fmt: skip


def record(kit: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kit.folder / "store/runs/latest/run.json").read_text())
    return found


def wait_for_end(reader: int) -> None:
    """Until nobody holds the other end of a pipe: the step is dead."""
    ended = select.poll()
    ended.register(reader, select.POLLHUP)
    assert [(reader, select.POLLHUP)] == ended.poll(20_000)
    os.close(reader)


def begun(started: Path) -> int:
    """Wait until the step has opened its pipe; our end of it."""
    return os.open(started, os.O_RDONLY)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_ends_its_steps_and_can_be_gone_on_with(
    kit: Any, spawn: Any, fifo: Fifo, number: signal.Signals
) -> None:
    started, hold = fifo("started"), fifo("hold")
    pipeline = stuck(kit, started, hold)
    engine = spawn(pipeline, again="isodag run dag.yaml --resume {run}")
    reader = begun(started)

    engine.send_signal(number)
    out, errors = engine.communicate(timeout=20)

    wait_for_end(reader)
    told = json.loads(out)
    assert (130, "interrupted") == (engine.returncode, told["status"])
    assert {"first": "done", "effect": "done", "train": "interrupted", "last": "not_run"} == {
        name: step["state"] for name, step in told["steps"].items()
    }
    assert errors.splitlines()[-3:] == [
        "stopping; once more kills the steps at once",
        "train: interrupted",
        f"interrupted; go on with: isodag run dag.yaml --resume {told['run_id']}",
    ]
    assert ["log.txt"] == os.listdir(kit.folder / "store/runs/latest/steps/train")

    hold.unlink()
    again = run(pipeline, kit.options(resume=told["run_id"]))

    assert (0, told["run_id"], 2) == (again.exit_code, again.run_id, again.attempt)
    assert {"first": True, "effect": True, "train": False, "last": False} == {
        step.name: step.kept for step in again.steps.values()
    }
    assert ["1"] == (kit.folder / "effects").read_text().split()
    assert "whole" == Path(again.steps["train"].outputs["model"].place).read_text()
    steps = again.folder / "steps"
    assert ["log.1.txt", "log.txt", "outputs"] == sorted(os.listdir(steps / "train"))
    assert "ok" == (steps / "effect" / "outputs" / "page.md").read_text()


def test_a_second_signal_kills_at_once(kit: Any, spawn: Any, fifo: Fifo) -> None:
    started, hold = fifo("started"), fifo("hold")
    engine = spawn(stuck(kit, started, hold, deaf=True), grace=600.0)
    reader = begun(started)

    engine.send_signal(signal.SIGINT)
    while "stopping" not in engine.stderr.readline():
        pass
    engine.send_signal(signal.SIGINT)

    wait_for_end(reader)
    assert 130 == engine.wait(20)


def test_a_step_that_does_not_listen_is_killed_after_the_grace(
    kit: Any, spawn: Any, fifo: Fifo
) -> None:
    started, hold = fifo("started"), fifo("hold")
    engine = spawn(stuck(kit, started, hold, deaf=True), grace=0.05)
    reader = begun(started)

    engine.send_signal(signal.SIGINT)

    wait_for_end(reader)
    assert 130 == engine.wait(20)


def test_a_killed_engine_takes_its_steps_along_and_leaves_a_store_to_go_on_with(
    kit: Any, spawn: Any, fifo: Fifo
) -> None:
    started, hold = fifo("started"), fifo("hold")
    pipeline = stuck(kit, started, hold)
    engine = spawn(pipeline)
    reader = begun(started)

    engine.kill()
    engine.wait()

    wait_for_end(reader)
    left = record(kit)
    assert ("running", "running") == (left["status"], left["steps"]["train"]["state"])

    hold.unlink()
    fresh = run(kit.pipeline(pipeline.tasks[0]), kit.options())
    swept = json.loads((kit.folder / "store/runs" / left["run_id"] / "run.json").read_text())
    again = run(pipeline, kit.options(resume=left["run_id"]))

    assert fresh.steps["first"].cached
    assert ("interrupted", "interrupted", "not_run") == (
        swept["status"], swept["steps"]["train"]["state"], swept["steps"]["last"]["state"],
    )  # fmt: skip
    assert {"first": True, "effect": True, "train": False, "last": False} == {
        step.name: step.kept for step in again.steps.values()
    }
    assert "whole" == Path(again.steps["train"].outputs["model"].place).read_text()
    assert [] == [path for path in (kit.folder / "store").rglob("*") if ".part" in path.name]
    assert [] == os.listdir(kit.folder / "store/active")


def test_a_failed_run_is_gone_on_with_and_only_what_changed_runs(kit: Any) -> None:
    def pipeline(script: str, note: str = "a") -> ir.Pipeline:
        built: ir.Pipeline = kit.pipeline(
            kit.step("one", "printf 1 > $n", {}, {"n": "Integer"}, side_effects=True),
            kit.step("two", "printf 2 > $n", {"note": ir.ParameterRef("note", "String")},
                      {"n": "Integer"}, side_effects=True),
            kit.step("bad", script, after=["one", "two"]),
            parameters={"note": ("String", note)},
        )  # fmt: skip
        return built

    first = run(pipeline("exit 1"), kit.options(parameters={"note": "given"}))
    kept = run(pipeline(":", "other default"), kit.options(resume="latest"))
    changed = run(pipeline(":"), kit.options(resume="latest", parameters={"note": "new"}))

    assert [State.FAILED, State.DONE, State.DONE] == [
        result.steps["bad"].state for result in (first, kept, changed)
    ]
    assert {"one": True, "two": True, "bad": False} == {
        step.name: step.kept for step in kept.steps.values()
    }
    assert {"note": "given"} == kept.parameters
    assert {"one": True, "two": False, "bad": True} == {
        step.name: step.kept for step in changed.steps.values()
    }


def test_a_run_to_go_on_with_must_be_there_and_of_this_pipeline(kit: Any) -> None:
    first = run(kit.pipeline(kit.step("a")), kit.options())
    other = kit.pipeline(kit.step("a"))
    object.__setattr__(other, "name", "another")
    wrong = first.run_id[:-1] + "x"

    said = []
    for pipeline, run_id in ((other, first.run_id), (other, wrong)):
        with pytest.raises(RunError) as raised:
            run(pipeline, kit.options(resume=run_id))
        said.append((str(raised.value), raised.value.exit_code))

    store = kit.folder / "store"
    assert [
        (f"run `{first.run_id}` is one of `toy`, not of `another`", 2),
        (f"there is no run `{wrong}` in `{store}`: did you mean `{first.run_id}`?", 2),
    ] == said
    assert [] == os.listdir(store / "active")


def test_a_run_that_is_still_going_cannot_be_gone_on_with(kit: Any, spawn: Any, fifo: Fifo) -> None:
    started, hold = fifo("started"), fifo("hold")
    pipeline = stuck(kit, started, hold)
    engine = spawn(pipeline)
    reader = begun(started)
    run_id = record(kit)["run_id"]

    with pytest.raises(RunError) as raised:
        run(pipeline, kit.options(resume=run_id))

    assert f"run `{run_id}` is still going; wait for it or stop it" == str(raised.value)
    engine.send_signal(signal.SIGINT)
    wait_for_end(reader)
    assert 130 == engine.wait(20)


def test_two_runs_at_once_in_one_store_both_end_well(kit: Any, spawn: Any, fifo: Fifo) -> None:
    meet, lock = fifo("meet"), kit.folder / "lock"
    # the first to come waits for the second, so both make the same result at the same time
    script = f"if mkdir {lock}; then cat {meet}; else echo > {meet}; fi; printf same > $rows"
    pipeline = kit.pipeline(
        kit.step("make", script, {}, {"rows": "Dataset"}),
        kit.step("read", "printf %s $(cat $rows) > $text",
                  {"rows": ir.OutputRef("make", "rows", "Dataset")}, {"text": "String"}),
        outputs={"text": ir.OutputRef("read", "text", "String")},
    )  # fmt: skip
    engines = [spawn(pipeline), spawn(pipeline)]

    told = [json.loads(engine.communicate(timeout=30)[0]) for engine in engines]
    third = run(pipeline, kit.options())

    assert ["same", "same"] == [result["outputs"]["text"] for result in told]
    assert [False, False] == [result["steps"]["make"]["cached"] for result in told]
    assert told[0]["run_id"] != told[1]["run_id"]
    assert [True, True] == [step.cached for step in third.steps.values()]


# --- a full disk -----------------------------------------------------------------------------

TINY = 'mkdir -p "$0" && mount -t tmpfs -o size=400k tmpfs "$0" && exec "$@"'


def tiny_disk(folder: Path) -> list[str]:
    """The start of a command that sees a disk of 400 KiB at `folder`; skips where that is not."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", TINY, str(folder)]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk of his own")
    return command


def test_a_full_disk_gives_one_reason_and_no_half_result(kit: Any, spawn: Any) -> None:
    disk = kit.folder / "disk"
    fill = "head -c 900000 /dev/zero > $rows"  # nor is there room for its message in the log
    check = f"find {disk} -name 'partial.*' | wc -l >&2; find {disk}/store/cache -type f | wc -l"
    pipeline = kit.pipeline(
        kit.step("make", fill, {}, {"rows": "Dataset"}), kit.step("next", after=["make"])
    )
    before = [*tiny_disk(disk), "sh", "-c", f'"$@"; code=$?; ({check}) >&2; exit $code', "sh"]

    engine = spawn(pipeline, store=disk / "store", before=before)
    out, errors = engine.communicate(timeout=30)

    told = json.loads(out)
    place = f"disk/store/runs/{told['run_id']}/steps/make"
    expected = f"exit status 1; no space is left on the disk of `{place}`"
    assert (1, "failed", expected, "not_run") == (
        engine.returncode, told["status"], told["steps"]["make"]["reason"],
        told["steps"]["next"]["state"],
    )  # fmt: skip
    assert ["0", "0"] == errors.split()[-2:]


def test_a_disk_too_full_for_the_record_itself_is_one_clear_line(kit: Any, spawn: Any) -> None:
    disk = kit.folder / "disk"
    # another program takes all the room that is left while the step runs
    fill = f"head -c 900000 /dev/zero > {disk}/filler || :; printf 1 > $n || exit 1"
    pipeline = kit.pipeline(
        kit.step("make", fill, {}, {"n": "Integer"}), kit.step("next", after=["make"])
    )

    engine = spawn(pipeline, store=disk / "store", again="AGAIN", before=tiny_disk(disk))
    out, errors = engine.communicate(timeout=30)

    assert (1, "failed") == (engine.returncode, json.loads(out)["status"])
    shown = "disk/store"
    assert (
        f"cannot write to `{shown}`: No space left on device; mend that and go on with: AGAIN"
        == errors.splitlines()[-1]
    )
    assert "Traceback" not in errors


def test_a_store_that_cannot_be_written_is_one_clear_line(kit: Any) -> None:
    (kit.folder / "store").write_text("a file")

    with pytest.raises(RunError) as raised:
        run(kit.pipeline(kit.step("a")), kit.options())

    expected = f"cannot use `{kit.folder}/store`: Not a directory"
    assert (expected, 1) == (str(raised.value), raised.value.exit_code)
