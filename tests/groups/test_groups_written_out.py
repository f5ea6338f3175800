"""Loops written out as tasks, calls dissolved: names, values, conditions, order."""

from __future__ import annotations

from typing import Any

import pytest

from isodag import ir, picking
from isodag.ir import Branch, Collected, Compare, Constant, EachRef, Listing, OutputRef, Within
from isodag.ir_groups import flat, repeat

EACH = EachRef("train", "", "Float")
RATES = ir.ParameterRef("rates", "JsonArray")
LOSS = Collected("train", OutputRef("train", "o", "Float"), "JsonArray")


def arguments(pipeline: ir.Pipeline) -> dict[str, dict[str, ir.Value]]:
    return {
        task.name: {argument.name: argument.value for argument in task.arguments}
        for task in pipeline.tasks
        if isinstance(task, ir.Task)
    }


def test_a_repeated_task_is_a_task_for_each_item(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("train", {"rate": EACH, "text": ir.Text((Constant("x=", "String"), EACH))},
                    within=["train"]),
        graphs.task("report", {"losses": LOSS}, after=["train"]),
        groups=[graphs.loop("train", (1, 0.5))],
    )  # fmt: skip
    written = flat(looped)

    assert {
        "train-0": {"rate": Constant(1.0, "Float"), "text": Constant("x=1", "String")},
        "train-1": {"rate": Constant(0.5, "Float"), "text": Constant("x=0.5", "String")},
        "report": {
            "losses": Listing(
                (OutputRef("train-0", "o", "Float"), OutputRef("train-1", "o", "Float")),
                "JsonArray",
            )
        },
    } == arguments(written)
    assert ((), ()) == (written.groups, written.tasks[0].when)
    assert ("train-0", "train-1") == written.task("report").after
    assert [ir.Repetition("train", 0, "x", 1), ir.Repetition("train", 1, "x", 0.5), None] == [
        task.repetition for task in written.tasks if isinstance(task, ir.Task)
    ]
    assert ["train", "train", "report"] == [task.step for task in written.tasks]


def test_an_item_is_held_as_the_input_that_gets_it_wants_it(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("train", {"rate": EachRef("train", "", "Integer")}, ports={"rate": "Float"},
                    within=["train"]),
        groups=[graphs.loop("train", (1, 2), "Integer")],
    )  # fmt: skip
    assert {
        "train-0": {"rate": Constant(1.0, "Float")},
        "train-1": {"rate": Constant(2.0, "Float")},
    } == arguments(flat(looped))


def test_fields_of_items_that_are_mappings(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("train", {"a": EachRef("train", "a", "Integer")}, within=["train"]),
        groups=[graphs.loop("train", ({"a": 1, "b": "x"}, {"a": 2, "b": "y"}), "JsonObject")],
        outputs={"names": Collected("train", EachRef("train", "b", "String"), "JsonArray")},
    )
    written = flat(looped)
    assert {
        "train-0": {"a": Constant(1, "Integer")},
        "train-1": {"a": Constant(2, "Integer")},
    } == arguments(written)
    assert Constant(["x", "y"], "JsonArray") == written.outputs[0].value


def test_copies_come_in_the_order_of_the_items_whatever_their_number(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("train", {"rate": EACH}, within=["train"]),
        groups=[graphs.loop("train", tuple(range(12)))],
    )
    assert [f"train-{index}" for index in range(12)] == [task.name for task in flat(looped).tasks]


def test_settings_may_read_the_item(graphs: Any) -> None:
    span = graphs.call("x").span
    tree = ir.Tree({"instance_type": ir.Tree(EachRef("train", "", "String"), span)}, span)
    looped = graphs.pipeline(
        graphs.task("train", within=["train"], targets={"sagemaker": tree}),
        groups=[graphs.loop("train", ("ml.m5.large", "ml.c5.large"), "String")],
    )
    found = [task.targets["sagemaker"].value["instance_type"].value for task in flat(looped).tasks]
    assert [Constant("ml.m5.large", "String"), Constant("ml.c5.large", "String")] == found


def test_a_call_dissolves_into_its_members(graphs: Any) -> None:
    called = graphs.pipeline(
        graphs.task("prepare"),
        graphs.task("fit-train", within=["fit"]),
        graphs.task("fit-test", {"m": OutputRef("fit-train", "o", "Float")}, within=["fit"]),
        groups=[graphs.call("fit")],
    )
    written = flat(called)
    assert ((), [(), (), ()]) == (written.groups, [task.when for task in written.tasks])
    assert ["prepare", "fit-train", "fit-test"] == [task.name for task in written.tasks]
    assert OutputRef("fit-train", "o", "Float") == arguments(written)["fit-test"]["m"]


def test_a_repeated_call_with_a_loop_inside(graphs: Any) -> None:
    sweep = graphs.loop("sweep", ("a", "b"), "String", "kind")
    inner = graphs.loop("sweep-train", (1, 2), "Integer", "size")
    looped = graphs.pipeline(
        graphs.task("sweep-make", {"kind": EachRef("sweep", "", "String")}, within=["sweep"]),
        graphs.task(
            "sweep-train",
            {"made": OutputRef("sweep-make", "o", "Float"),
             "size": EachRef("sweep-train", "", "Integer")},
            within=["sweep", "sweep-train"],
        ),
        groups=[sweep, inner],
        outputs={"losses": Collected("sweep", Collected(
            "sweep-train", OutputRef("sweep-train", "o", "Float"), "JsonArray"), "JsonArray")},
    )  # fmt: skip
    written = flat(looped)

    assert [
        "sweep-0-make", "sweep-0-train-0", "sweep-0-train-1",
        "sweep-1-make", "sweep-1-train-0", "sweep-1-train-1",
    ] == [task.name for task in written.tasks]  # fmt: skip
    assert {"made": OutputRef("sweep-1-make", "o", "Float"), "size": Constant(1, "Integer")} == (
        arguments(written)["sweep-1-train-0"]
    )
    last = written.task("sweep-1-train-1")
    outer = ir.Repetition("sweep-train", 1, "kind", "b")
    assert ir.Repetition("sweep-train", 1, "size", 2, outer) == last.repetition
    lists = written.outputs[0].value
    assert isinstance(lists, Listing)
    assert [
        ["sweep-0-train-0", "sweep-0-train-1"],
        ["sweep-1-train-0", "sweep-1-train-1"],
    ] == [[ref.task for ref in inner.items] for inner in lists.items]
    assert written == repeat(
        repeat(repeat(looped, "sweep", ("a", "b")), "sweep-0-train", (1, 2)),
        "sweep-1-train", (1, 2),
    )  # fmt: skip


def test_a_loop_over_what_a_run_brings_stays_and_is_renamed_within_another(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("sweep-make", {"kind": EachRef("sweep", "", "String")},
                    {"sizes": "JsonArray"}, within=["sweep"]),
        graphs.task("sweep-train", {"size": EachRef("sweep-train", "", "Integer")},
                    within=["sweep", "sweep-train"]),
        groups=[
            graphs.loop("sweep", ("a", "b"), "String", "kind"),
            graphs.loop("sweep-train", OutputRef("sweep-make", "sizes", "JsonArray"), "Integer"),
        ],
    )  # fmt: skip
    written = flat(looped)

    assert [
        ("sweep-0-train", OutputRef("sweep-0-make", "sizes", "JsonArray")),
        ("sweep-1-train", OutputRef("sweep-1-make", "sizes", "JsonArray")),
    ] == [(group.name, group.loop.items) for group in written.groups if group.loop]
    task = written.task("sweep-1-train")
    assert (Within("sweep-1-train"),) == task.when
    assert {"size": EachRef("sweep-1-train", "", "Integer")} == arguments(written)["sweep-1-train"]


def test_a_list_that_becomes_known_on_the_way_is_written_out_too(graphs: Any) -> None:
    each = EachRef("train", "", "Float")
    looped = graphs.pipeline(
        graphs.task("train", {"rate": each}, within=["train"]),
        graphs.task("again", {"rate": EachRef("again", "", "Float")}, within=["again"]),
        groups=[
            graphs.loop("train", (1.0, 2.0)),
            graphs.loop("again", Collected("train", each, "JsonArray")),
        ],
    )
    assert ["again-0", "again-1", "train-0", "train-1"] == [
        task.name for task in flat(looped).tasks
    ]


BIG = Compare(">", OutputRef("make", "o", "Float"), Constant(3, "Integer"))


@pytest.mark.parametrize(
    ("predicate", "gates", "left"),
    [
        (Compare("<", EACH, Constant(1, "Integer")), {}, {"train-0": ()}),
        (ir.Not(Compare("<", EACH, Constant(1, "Integer"))), {}, {"train-1": ()}),
        (ir.Member(EACH, (Constant(0.5, "Float"), Constant(7, "Integer"))), {}, {"train-0": ()}),
        (
            ir.And((Compare("<", EACH, Constant(1, "Integer")), BIG)),
            {"when_train-0": BIG},
            {"train-0": (Branch("when_train-0", True),)},
        ),
        (
            ir.Or((Compare("<", EACH, Constant(1, "Integer")), BIG)),
            {"when_train-1": BIG},
            {"train-0": (), "train-1": (Branch("when_train-1", True),)},
        ),
        (
            BIG,
            {"when_train": BIG},
            {"train-0": (Branch("when_train", True),), "train-1": (Branch("when_train", True),)},
        ),
    ],
    ids=["true of one", "false of one", "one of a list", "and", "or", "the same for all"],
)
def test_what_is_known_of_a_condition_is_worked_out(
    graphs: Any, predicate: ir.Predicate, gates: dict[str, ir.Predicate], left: dict[str, ir.Path]
) -> None:
    looped = graphs.pipeline(
        graphs.task("make"),
        graphs.task("train", {"rate": EACH}, within=["train", Branch("when_train", True)]),
        groups=[graphs.loop("train", (0.5, 2))],
        gates={"when_train": predicate},
    )
    written = flat(looped)
    assert gates == {gate.name: gate.predicate for gate in written.gates}
    assert left == {task.name: task.when for task in written.tasks if task.name != "make"}


def test_what_needs_a_task_that_no_run_starts_goes_with_it(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("sweep-fit", within=["sweep", Branch("sweep-small", True)]),
        graphs.task("sweep-test", {"m": OutputRef("sweep-fit", "o", "Float")}, within=["sweep"]),
        graphs.task("sweep-other", within=["sweep", Branch("sweep-small", False)],
                    after=["sweep-fit"]),
        graphs.task("all", {"list": Collected("sweep", OutputRef("sweep-test", "o", "Float"),
                                              "JsonArray")}),
        graphs.task("behind", after=["sweep-test"]),
        groups=[graphs.loop("sweep", (1, 9))],
        gates={"sweep-small": Compare("<", EachRef("sweep", "", "Float"), Constant(5, "Integer"))},
        outputs={"of_all": OutputRef("all", "o", "Float"),
                 "of_behind": OutputRef("behind", "o", "Float")},
    )  # fmt: skip
    written = flat(looped)
    assert ["sweep-0-fit", "sweep-0-test", "behind", "sweep-1-other"] == [
        task.name for task in written.tasks
    ]
    assert [("sweep-0-test",), ()] == [written.task(n).after for n in ("behind", "sweep-1-other")]
    assert [Constant(None, "Float"), OutputRef("behind", "o", "Float")] == [
        output.value for output in written.outputs
    ]


def test_nothing_to_repeat_over_leaves_empty_lists(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("train", {"rate": EACH}, within=["train"]),
        graphs.task("report", {"losses": LOSS}, after=["train"]),
        groups=[graphs.loop("train", RATES)],
    )
    written = repeat(looped, "train", [])
    assert {"report": {"losses": Constant([], "JsonArray")}} == arguments(written)
    assert ((), ()) == (written.groups, written.task("report").after)


def test_a_pick_becomes_a_task_that_gets_every_repetition(graphs: Any) -> None:
    model = Collected("train", OutputRef("train", "model", "Model"), "list of Model")
    looped = graphs.pipeline(
        graphs.task("train", {"rate": EACH}, {"model": "Model", "loss": "Float"}, within=["train"]),
        graphs.pick("best", Collected("train", OutputRef("train", "loss", "Float"), "JsonArray"),
                    {"model": model, "x": Collected("train", EACH, "JsonArray")}, highest=False),
        graphs.task("register", {"model": OutputRef("best", "model", "Model")}),
        groups=[graphs.loop("train", (0.5, 2))],
    )  # fmt: skip
    best = flat(looped).task("best")

    assert isinstance(best, ir.Task)
    assert {
        "by": Listing(
            (OutputRef("train-0", "loss", "Float"), OutputRef("train-1", "loss", "Float")),
            "JsonArray",
        ),
        "model-0": OutputRef("train-0", "model", "Model"),
        "model-1": OutputRef("train-1", "model", "Model"),
        "x-list": Constant([0.5, 2.0], "JsonArray"),
    } == {argument.name: argument.value for argument in best.arguments}
    assert [("model", "Model"), ("x", "Float"), ("index", "Integer")] == [
        (output.name, output.type) for output in best.component.outputs
    ]
    component = picking.component(
        [("model", "Model"), ("x", "Float")], count=2, highest=False, span=best.span
    )
    assert component == best.component


def test_a_pick_over_a_loop_that_stays_is_one_still(graphs: Any) -> None:
    looped = graphs.pipeline(
        graphs.task("call-train", {"rate": EachRef("call-train", "", "Float")},
                    within=["call", "call-train"]),
        graphs.pick("call-best", Collected(
            "call-train", OutputRef("call-train", "o", "Float"), "JsonArray"), {}, within=["call"]),
        groups=[graphs.loop("call-train", RATES), graphs.loop("call", (1, 2))],
    )  # fmt: skip
    second = flat(looped).task("call-1-best")
    assert isinstance(second, ir.Pick)
    assert second.by == Collected(
        "call-1-train", OutputRef("call-1-train", "o", "Float"), "JsonArray"
    )


def test_a_fail_step_is_copied_with_its_message(graphs: Any) -> None:
    each = EachRef("call", "", "String")
    span = graphs.call("x").span
    message = ir.Text((Constant("no ", "String"), each))
    looped = graphs.pipeline(
        ir.Failure("call-stop", message, graphs.path("call"), (), span),
        groups=[graphs.loop("call", ("a", "b"), "String")],
    )
    assert [
        ("call-0-stop", Constant("no a", "String")), ("call-1-stop", Constant("no b", "String")),
    ] == [(stop.name, stop.message) for stop in flat(looped).tasks if isinstance(stop, ir.Failure)]  # fmt: skip


def test_a_graph_without_groups_is_left_as_it_is(graphs: Any) -> None:
    plain = graphs.pipeline(graphs.task("b"), graphs.task("a"))
    assert plain is flat(plain)
