"""Repeated steps: over known lists, over what a parameter or a step brings; the best one picked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag import ir, ir_groups
from isodag.engine import RunError, RunResult, State, Status, report, run
from isodag.ir import Branch, Collected, Compare, Constant, EachRef, OutputRef, Within

Fifo = Callable[[str], Path]

EACH = EachRef("train", "", "Integer")
RATES = ir.ParameterRef("rates", "JsonArray")
MADE = OutputRef("make", "list", "JsonArray")
LOSS = Collected("train", OutputRef("train", "loss", "Float"), "JsonArray")
MODEL = Collected("train", OutputRef("train", "model", "Dataset"), "list of Dataset")
RATE = Collected("train", EACH, "JsonArray")


def train(kit: Any, script: str = "", **more: Any) -> ir.Task:
    """A repeated step whose loss is 1 / (1 + item), and whose model is the item."""
    more.setdefault("when", [Within("train")])
    made: ir.Task = kit.step(
        "train",
        f"{script}\nawk \"BEGIN {{print 1 / (1 + $x)}}\" > $loss; printf 'model %s' $x > $model",
        {"x": EACH}, {"loss": "Float", "model": "Dataset"}, **more,
    )  # fmt: skip
    return made


def sweep(kit: Any, items: Any, *before: ir.Node, **more: Any) -> ir.Pipeline:
    """`train` for each item; the losses told; the best one picked, and used."""
    made: ir.Pipeline = kit.pipeline(
        *before,
        train(kit),
        kit.step("tell", "printf '%s' \"$losses\" > $text", {"losses": LOSS}, {"text": "String"}),
        kit.pick("best", LOSS, {"model": MODEL, "x": RATE, "loss": LOSS}, highest=False),
        kit.step("use", "cat $model > $text", {"model": OutputRef("best", "model", "Dataset")},
                 {"text": "String"}),
        groups=[kit.loop("train", items)],
        outputs={"losses": LOSS, "best": OutputRef("best", "x", "Integer"),
                 "index": OutputRef("best", "index", "Integer"),
                 "used": OutputRef("use", "text", "String"),
                 "told": OutputRef("tell", "text", "String")},
        **more,
    )  # fmt: skip
    return made


def of_parameter(kit: Any, default: Any = (1, 4, 3), **more: Any) -> ir.Pipeline:
    return sweep(kit, RATES, parameters={"rates": ("JsonArray", list(default))}, **more)


def of_step(kit: Any, text: str = "[1,4,3]") -> ir.Pipeline:
    return sweep(kit, MADE, maker(kit, text))


def maker(kit: Any, text: str) -> ir.Task:
    made: ir.Task = kit.step("make", f"printf '%s' '{text}' > $list", {}, {"list": "JsonArray"})
    return made


def states(result: RunResult) -> dict[str, str]:
    return {
        name: "cached" if step.cached else "kept" if step.kept else str(step.state)
        for name, step in result.steps.items()
    }


# --- the three kinds of lists ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["literal", "parameter", "step"])
def test_each_item_has_its_repetition_the_lists_are_in_order_and_the_best_is_picked(
    kit: Any, kind: str
) -> None:
    pipeline = {
        "literal": lambda: sweep(kit, (1, 4, 3)),
        "parameter": lambda: of_parameter(kit),
        "step": lambda: of_step(kit),
    }[kind]()
    result = run(pipeline, kit.options())

    assert {
        "losses": [0.5, 0.2, 0.25], "best": 4, "index": 1, "used": "model 4",
        "told": "[0.5,0.2,0.25]",
    } == result.outputs  # fmt: skip
    assert ["train-0", "train-1", "train-2"] == [
        name for name in result.steps if name.startswith("train")
    ]
    assert [("train", 0, 1), ("train", 1, 4), ("train", 2, 3)] == [
        (step.repetition.step, step.repetition.index, step.repetition.value)
        for step in result.steps.values()
        if step.repetition is not None
    ]
    assert "model 4" == Path(result.steps["best"].outputs["model"].place).read_text()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3))
@settings(
    max_examples=10, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_where_the_list_comes_from_changes_no_result(kit: Any, items: list[int]) -> None:
    pipelines = [
        sweep(kit, tuple(items)),
        ir_groups.flat(sweep(kit, tuple(items))),
        of_parameter(kit, items),
        of_step(kit, json.dumps(items)),
    ]
    found = [run(pipeline, kit.options()) for pipeline in pipelines]
    assert [found[0].outputs] * 4 == [result.outputs for result in found]
    assert found[0].outputs["best"] == max(items)
    assert found[0].outputs["index"] == items.index(max(items))


def test_repetitions_run_at_once(kit: Any, fifo: Fifo) -> None:
    fifo("1"), fifo("2")  # each waits for the other
    meet = f"cd {kit.folder}; if [ $x = 1 ]; then echo > 1; cat < 2; else cat < 1; echo > 2; fi"
    pipeline = kit.pipeline(maker(kit, "[1,2]"), train(kit, meet), groups=[kit.loop("train", MADE)])
    assert 0 == run(pipeline, kit.options(jobs=2)).exit_code


def test_loops_within_a_repeated_pipeline_each_have_a_list_of_their_own(kit: Any) -> None:
    inner = Collected("sweep-fit", OutputRef("sweep-fit", "n", "Integer"), "JsonArray")
    pipeline = kit.pipeline(
        maker(kit, "[2,3]"),
        kit.step("sweep-count", "seq -s , $x | sed 's/.*/[&]/' > $list",
                 {"x": EachRef("sweep", "", "Integer")}, {"list": "JsonArray"},
                 when=[Within("sweep")]),
        kit.step("sweep-fit", "echo $((x * y)) > $n",
                 {"x": EachRef("sweep", "", "Integer"), "y": EachRef("sweep-fit", "", "Integer")},
                 {"n": "Integer"}, when=[Within("sweep"), Within("sweep-fit")]),
        kit.pick("sweep-best", inner, {"n": inner}, when=[Within("sweep")]),
        groups=[
            kit.loop("sweep", MADE, var="size"),
            kit.loop("sweep-fit", OutputRef("sweep-count", "list", "JsonArray"), var="times"),
        ],
        outputs={
            "all": Collected("sweep", inner, "JsonArray"),
            "best": Collected("sweep", OutputRef("sweep-best", "n", "Integer"), "JsonArray"),
        },
    )  # fmt: skip
    result = run(pipeline, kit.options())

    assert {"all": [[2, 4], [3, 6, 9]], "best": [4, 9]} == result.outputs
    assert "sweep-1-fit-2 (size 3, times 3)" == report.titled(result.steps["sweep-1-fit-2"])
    told = report.as_json(result)["steps"]["sweep-1-fit-2"]["foreach"]
    assert ("sweep-fit", 2, 3, 1, 3) == (
        told["step"], told["index"], told["value"], told["outer"]["index"], told["outer"]["value"]
    )  # fmt: skip


def test_a_list_that_is_made_of_a_repeated_step_s_outputs(kit: Any) -> None:
    def pipeline(text: str) -> ir.Pipeline:
        made: ir.Pipeline = kit.pipeline(
            maker(kit, text),
            kit.step("train", "echo $((x * 2)) > $n", {"x": EACH}, {"n": "Integer"},
                     when=[Within("train")]),
            kit.step("again", "echo $((x + 1)) > $n", {"x": EachRef("again", "", "Integer")},
                     {"n": "Integer"}, when=[Within("again")]),
            groups=[
                kit.loop("train", MADE),
                kit.loop("again", Collected(
                    "train", OutputRef("train", "n", "Integer"), "JsonArray")),
            ],
            outputs={"all": Collected("again", OutputRef("again", "n", "Integer"), "JsonArray")},
        )  # fmt: skip
        return made

    assert {"all": [3, 9]} == run(pipeline("[1,4]"), kit.options()).outputs
    nothing = run(pipeline("[]"), kit.options())
    assert ({"all": []}, Status.DONE) == (nothing.outputs, nothing.status)
    assert {"make": "done", "train": "skipped", "again": "skipped"} == states(nothing)


# --- lists that are no good ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parameter", "step"])
def test_nothing_to_repeat_over_gives_empty_lists_and_nothing_to_pick(kit: Any, kind: str) -> None:
    pipeline = of_parameter(kit, []) if kind == "parameter" else of_step(kit, "[]")
    result = run(pipeline, kit.options(jobs=1))

    empty = "there is nothing to repeat over: the list is empty"
    assert (State.SKIPPED, empty) == (result.steps["train"].state, result.steps["train"].reason)
    said = "there is nothing to pick from: the step was repeated for no item"
    assert (State.FAILED, said) == (result.steps["best"].state, result.steps["best"].reason)
    assert ([], None) == (result.outputs["losses"], result.outputs["best"])
    assert [*(["make"] * (kind == "step")), "best", "tell", "train", "use"] == sorted(
        result.steps, key=lambda name: (name != "make", name)
    )
    assert list(result.steps).index("train") < list(result.steps).index("best")


def test_readers_of_an_empty_list_run(kit: Any) -> None:
    pipeline = kit.pipeline(
        maker(kit, "[]"),
        train(kit),
        kit.step("tell", "printf '%s' \"$losses\" > $text", {"losses": LOSS}, {"text": "String"}),
        groups=[kit.loop("train", MADE)],
        outputs={"told": OutputRef("tell", "text", "String")},
    )
    result = run(pipeline, kit.options())
    assert ({"told": "[]"}, Status.DONE) == (result.outputs, result.status)


TOO_MANY = "the list has 101 items: a step is repeated at most 100 times"
WRONG = "the item of `train-1` is `two`: String where Integer is due"


@pytest.mark.parametrize(
    ("items", "said"), [([*range(101)], TOO_MANY), ([1, "two", 3.5], WRONG)], ids=["many", "type"]
)
def test_a_parameter_that_nothing_can_be_repeated_over_is_refused_before_the_first_step(
    kit: Any, items: list[Any], said: str
) -> None:
    with pytest.raises(RunError) as refused:
        run(of_parameter(kit), kit.options(parameters={"rates": json.dumps(items)}))
    assert (f"parameter `rates`: {said} (step `train` is repeated over it)", 2) == (
        str(refused.value), refused.value.exit_code,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("items", "said"), [([*range(101)], TOO_MANY), ([1, "two", 3.5], WRONG)], ids=["many", "type"]
)
def test_a_list_of_a_step_that_nothing_can_be_repeated_over_fails_the_repeated_step(
    kit: Any, items: list[Any], said: str
) -> None:
    result = run(of_step(kit, json.dumps(items)), kit.options())
    failed = result.steps["train"]
    assert (State.FAILED, f"cannot be repeated: {said}") == (failed.state, failed.reason)
    assert {"make": "done", "train": "failed", "tell": "not_run", "best": "not_run",
            "use": "not_run"} == states(result)  # fmt: skip


def limited(kit: Any, items: Any, *before: ir.Node, **more: Any) -> ir.Pipeline:
    task = train(kit)
    inputs = (replace(task.component.inputs[0], constraints={"maximum": 3}),)
    task = replace(task, component=replace(task.component, inputs=inputs))
    made: ir.Pipeline = kit.pipeline(*before, task, groups=[kit.loop("train", items)], **more)
    return made


def test_an_item_that_an_input_does_not_admit_is_told_before_it_is_used(kit: Any) -> None:
    said = "4 is above the maximum 3 (input `x` of step `train-1`)"
    with pytest.raises(RunError) as refused:
        run(limited(kit, RATES, parameters={"rates": ("JsonArray", [1, 4])}), kit.options())
    assert said == str(refused.value)

    result = run(limited(kit, MADE, maker(kit, "[1,4]")), kit.options())
    assert (State.FAILED, said) == (result.steps["train"].state, result.steps["train"].reason)


# --- gates and failures ----------------------------------------------------------------------

BIG = Compare(">", OutputRef("make", "n", "Integer"), Constant(3, "Integer"))


def gated(kit: Any, number: int) -> ir.Pipeline:
    made: ir.Pipeline = kit.pipeline(
        kit.step("make", f"printf {number} > $n; printf '[1]' > $list", {},
                 {"n": "Integer", "list": "JsonArray"}),
        train(kit, when=[Branch("big", True), Within("train")]),
        kit.pick("best", LOSS, {"model": MODEL}, when=[Branch("big", True)]),
        kit.step("tell", ":", {"losses": LOSS}),
        kit.step("other", when=[Branch("big", False)]),
        gates={"big": BIG},
        groups=[kit.loop("train", MADE)],
    )  # fmt: skip
    return made


def test_a_loop_behind_a_closed_gate_is_skipped_and_what_reads_it_too(kit: Any) -> None:
    result = run(gated(kit, 2), kit.options())
    why = "n 2 <= 3"
    assert {
        "make": "", "train": why, "best": why, "tell": "step `train` was skipped", "other": "",
    } == {name: step.reason for name, step in result.steps.items()}  # fmt: skip
    assert State.DONE == result.steps["other"].state
    assert ["train-0"] == [
        name for name in run(gated(kit, 5), kit.options()).steps if name.startswith("train")
    ]


def test_a_condition_within_a_loop_is_asked_for_each_repetition(kit: Any) -> None:
    pipeline = kit.pipeline(
        maker(kit, "[1,5]"),
        kit.step("call-count", "echo $x > $n", {"x": EachRef("call", "", "Integer")},
                 {"n": "Integer"}, when=[Within("call")]),
        kit.step("call-use", when=[Within("call"), Branch("call-big", True)]),
        kit.step("call-small", when=[Within("call"), Branch("call-low", True)]),
        gates={
            "call-big": Compare(">", OutputRef("call-count", "n", "Integer"),
                                Constant(3, "Integer")),
            "call-low": Compare("<", EachRef("call", "", "Integer"), Constant(3, "Integer")),
        },
        groups=[kit.loop("call", MADE)],
    )  # fmt: skip
    result = run(pipeline, kit.options())
    assert {
        "make": "done", "call-0-count": "done", "call-0-use": "skipped", "call-0-small": "done",
        "call-1-count": "done", "call-1-use": "done",
    } == states(result)  # fmt: skip
    assert {"call-big-0": "n 1 <= 3", "call-big-1": "n 5 > 3"} == {
        name: gate.reason for name, gate in result.conditions.items()
    }


@pytest.mark.parametrize("kind", ["parameter", "step"])
def test_a_condition_that_holds_for_no_item_is_told(kit: Any, kind: str) -> None:
    pipeline = kit.pipeline(
        *([maker(kit, "[1,2]")] * (kind == "step")),
        kit.step("train", when=[Within("train"), Branch("when_train", True)]),
        kit.step("zoo"),
        gates={"when_train": Compare(">", EACH, Constant(2, "Integer"))},
        groups=[kit.loop("train", MADE if kind == "step" else RATES)],
        parameters={"rates": ("JsonArray", [1, 2])} if kind == "parameter" else {},
    )
    result = run(pipeline, kit.options())
    train = result.steps["train"]
    assert (State.SKIPPED, "its condition holds for no item") == (train.state, train.reason)
    assert ["train", "zoo"] == list(result.steps)[-2:]

    some = run(of_parameter(kit) if kind == "parameter" else of_step(kit, "[1,3]"), kit.options())
    assert "train" not in some.steps


def test_one_repetition_that_fails_ends_the_run_and_the_others_finish(kit: Any) -> None:
    pipeline = of_step(kit)
    tasks = [train(kit, "[ $x != 4 ]") if t.name == "train" else t for t in pipeline.tasks]
    result = run(replace(pipeline, tasks=tuple(tasks)), kit.options(jobs=1))
    assert {"make": "done", "train-0": "done", "train-1": "failed", "train-2": "not_run",
            "tell": "not_run", "best": "not_run", "use": "not_run"} == states(result)  # fmt: skip
    assert Status.FAILED == result.status


# --- cache, --from, --resume -----------------------------------------------------------------


def test_a_second_run_is_answered_from_the_cache_and_a_longer_list_runs_what_is_new(
    kit: Any,
) -> None:
    run(of_step(kit), kit.options())
    assert {"cached"} == set(states(run(of_step(kit), kit.options())).values())

    longer = states(run(of_step(kit, "[4,1,9]"), kit.options()))
    assert {"make": "done", "train-0": "cached", "train-1": "cached", "train-2": "done",
            "tell": "done", "best": "done", "use": "done"} == longer  # fmt: skip


@pytest.mark.parametrize("make", [of_parameter, of_step])
@pytest.mark.parametrize(
    ("asked", "again"),
    [
        ("train", {"train-0", "train-1", "train-2", "tell", "best", "use"}),
        ("train-1", {"train-1", "tell", "best", "use"}),
        ("best", {"best", "use"}),
    ],
)
def test_from_a_repeated_step_or_one_repetition(
    kit: Any, make: Callable[[Any], ir.Pipeline], asked: str, again: set[str]
) -> None:
    run(make(kit), kit.options())
    result = run(make(kit), kit.options(from_step=asked))
    assert again == {name for name, state in states(result).items() if state == "done"}


def test_a_repetition_to_start_from_that_is_not_there_is_told(kit: Any) -> None:
    with pytest.raises(RunError) as refused:
        run(of_parameter(kit), kit.options(from_step="train-7"))
    assert "there is no step `train-7`: did you mean `train-2`?" == str(refused.value)

    result = run(of_step(kit), kit.options(from_step="train-7"))
    said = "there is no step `train-7` to start from: `train` is repeated 3 times"
    assert (State.FAILED, said) == (result.steps["train"].state, result.steps["train"].reason)


def test_an_engine_killed_within_a_loop_leaves_a_run_to_go_on_with(
    kit: Any, spawn: Any, fifo: Fifo
) -> None:
    started, hold = fifo("started"), fifo("hold")
    wait = f"if [ $x = 4 ] && [ -e {hold} ]; then exec 3> {started}; cat {hold}; fi"
    pipeline = kit.pipeline(
        maker(kit, "[1,4,3]"),
        train(kit, wait, side_effects=True),
        kit.pick("best", LOSS, {"model": MODEL, "x": RATE}, highest=False),
        groups=[kit.loop("train", MADE)],
        outputs={"best": OutputRef("best", "x", "Integer")},
    )
    engine = spawn(pipeline, jobs=1)
    os.close(os.open(started, os.O_RDONLY))
    engine.kill()
    engine.wait()
    left = json.loads((kit.folder / "store/runs/latest/run.json").read_text())
    assert {"make": "done", "train-0": "done", "train-1": "running", "train-2": "waiting",
            "best": "waiting"} == {
        name: step["state"] for name, step in left["steps"].items()
    }  # fmt: skip

    hold.unlink()
    again = run(pipeline, kit.options(resume=left["run_id"]))
    assert {"make": "kept", "train-0": "kept", "train-1": "done", "train-2": "done",
            "best": "done"} == states(again)  # fmt: skip
    assert {"best": 4} == again.outputs


def test_a_run_gone_on_with_another_list_repeats_what_changed(kit: Any) -> None:
    first = run(of_parameter(kit), kit.options())
    again = run(of_parameter(kit), kit.options(resume=first.run_id, parameters={"rates": "[1,2]"}))
    assert {"train-0": "kept", "train-1": "done", "tell": "done", "best": "done",
            "use": "done"} == states(again)  # fmt: skip
    assert (2, [0.5, 0.333333]) == (again.outputs["best"], again.outputs["losses"])


# --- what the copies get ---------------------------------------------------------------------


def test_repetitions_get_the_step_s_secrets_files_and_settings(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-text")
    (kit.folder / "rows.csv").write_text("rows")
    task = kit.step(
        "train", 'cat $rows > $text; printf " %s %s" $x ${#KEY} >> $text',
        {"x": EACH, "rows": Constant("rows.csv", "Dataset")}, {"text": "String"},
        when=[Within("train")],
    )  # fmt: skip
    span = ir.Span(str(kit.folder / "dag.yaml"), 1, 1, 1, 2)
    arguments = tuple(replace(argument, span=span) for argument in task.arguments)
    secret = ir.Secret("KEY", Constant("env:TOKEN", "String"), span, span)
    task = replace(task, secrets=(secret,), arguments=arguments)
    pipeline = kit.pipeline(
        maker(kit, "[1,2]"), task, groups=[kit.loop("train", MADE)],
        outputs={"all": Collected("train", OutputRef("train", "text", "String"), "JsonArray")},
    )  # fmt: skip
    assert {"all": ["rows 1 11", "rows 2 11"]} == run(pipeline, kit.options()).outputs


# --- what is shown ---------------------------------------------------------------------------


def test_lines_tell_how_often_a_step_is_repeated_and_each_repetition(kit: Any) -> None:
    stream = StringIO()
    pipeline = kit.pipeline(maker(kit, "[1,3]"), train(kit), groups=[kit.loop("train", MADE)])
    result = run(pipeline, kit.options(jobs=1), report.Lines(stream))
    seconds = {name: report.duration(step.seconds or 0) for name, step in result.steps.items()}
    assert [
        f"run {result.run_id} of toy: 2 steps",
        "make: started",
        f"make: done in {seconds['make']}: list [1,3]",
        "train: repeated 2 times",
        "train-0 (x 1): started",
        f"train-0 (x 1): done in {seconds['train-0']}: loss 0.5",
        "train-1 (x 3): started",
        f"train-1 (x 3): done in {seconds['train-1']}: loss 0.25",
    ] == stream.getvalue().splitlines()


def test_a_terminal_gets_a_row_for_each_repetition_once_the_list_is_known(kit: Any) -> None:
    class Rows(report.Lines):
        """Keeps the titles of all steps at the beginning and when a list is known."""

        def begin(self, result: RunResult) -> None:
            rows.append([report.titled(step) for step in result.steps.values()])

        def repeat(self, result: RunResult, step: str, count: int) -> None:
            self.begin(result)

    rows: list[list[str]] = []
    pipeline = kit.pipeline(
        maker(kit, "[1,3]"), train(kit), groups=[kit.loop("train", MADE)],
        last=[kit.step("tidy")],
    )  # fmt: skip
    run(pipeline, kit.options(), Rows(StringIO()))
    assert [
        ["make", "train (each x)", "tidy (finally)"],
        ["make", "train-0 (x 1)", "train-1 (x 3)", "tidy (finally)"],
    ] == rows
