"""The schedule alone, no processes: whatever the graph and whatever happens, its laws hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from isodag.engine.options import Machine
from isodag.engine.schedule import Item, Schedule, State

FINAL = {State.DONE, State.SKIPPED, State.FAILED, State.NOT_RUN, State.INTERRUPTED}
DECISIONS = ("run", State.DONE, State.SKIPPED, State.FAILED)
ENDS = (State.DONE, State.DONE, State.FAILED)


@st.composite
def graphs(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(1, 12))
    items = []
    for number in range(count):
        earlier = [f"s{other}" for other in range(number)]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        cpu = draw(st.sampled_from([0.0, 1.0, 2.0, 99.0]))
        memory = draw(st.sampled_from([0, 1, 3, 99]))
        items.append(Item(f"s{number}", tuple(needs), cpu, memory))
    return draw(st.permutations(items)) if draw(st.booleans()) else items


@dataclass
class Trace:
    """What a simulated engine saw."""

    items: dict[str, Item]
    machine: Machine
    schedule: Schedule
    settled: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    failed: bool = False

    def check_needs(self, name: str) -> None:
        fine = (State.DONE, State.SKIPPED)
        assert all(self.schedule.states[need] in fine for need in self.items[name].needs)

    def check_room(self) -> None:
        items = [self.items[name] for name in self.running]
        assert len(items) <= self.machine.jobs
        if len(items) > 1:
            assert sum(item.cpu for item in items) <= self.machine.cpu
            assert sum(item.memory for item in items) <= self.machine.memory


def simulate(
    items: list[Item],
    machine: Machine,
    data: st.DataObject,
    decisions: Sequence[str] = DECISIONS,
    ends: Sequence[State] = ENDS,
) -> Trace:
    schedule = Schedule(items, machine)
    trace = Trace({item.name: item for item in items}, machine, schedule)

    def settle(name: str, state: State) -> None:
        schedule.settle(name, state)
        trace.settled.append(name)
        trace.failed = trace.failed or state is State.FAILED

    while True:
        while (name := schedule.undecided()) is not None:
            assert not trace.failed
            trace.check_needs(name)
            outcome = data.draw(st.sampled_from(decisions))
            if outcome == "run":
                schedule.enqueue(name)
            else:
                settle(name, State(outcome))
        while (name := schedule.startable()) is not None:
            assert not trace.failed
            trace.check_needs(name)
            schedule.start(name)
            trace.running.append(name)
            trace.check_room()
        assert trace.running == list(schedule.running())
        if not trace.running:
            break
        name = data.draw(st.sampled_from(trace.running))
        trace.running.remove(name)
        settle(name, data.draw(st.sampled_from(ends)))
    trace.settled += schedule.close()
    return trace


@given(graphs(), st.integers(1, 4), st.data())
def test_every_step_ends_in_exactly_one_state_whatever_happens(
    items: list[Item], jobs: int, data: st.DataObject
) -> None:
    trace = simulate(items, Machine(jobs, 2.0, 3), data)

    assert sorted(trace.items) == sorted(trace.settled)
    assert set(trace.schedule.states.values()) <= FINAL
    not_run = [name for name, state in trace.schedule.states.items() if state is State.NOT_RUN]
    assert trace.failed or not_run == []


@given(graphs(), st.integers(1, 4), st.data())
def test_without_failures_every_step_runs(
    items: list[Item], jobs: int, data: st.DataObject
) -> None:
    trace = simulate(items, Machine(jobs, 2.0, 3), data, ["run"], [State.DONE])

    assert {State.DONE} == set(trace.schedule.states.values())


def test_ready_steps_start_in_the_pipelines_order() -> None:
    schedule = Schedule([Item("b"), Item("a"), Item("c", ("a",))], Machine(9, 9.0, 9))

    order = []
    while (name := schedule.undecided()) is not None:
        schedule.enqueue(name)
    while (name := schedule.startable()) is not None:
        schedule.start(name)
        order.append(name)

    assert ["b", "a"] == order


def test_a_step_that_asks_for_more_than_there_is_runs_alone() -> None:
    schedule = Schedule([Item("small", cpu=1), Item("huge", cpu=64)], Machine(8, 2.0, 9))
    for name in ("small", "huge"):
        schedule.enqueue(name)

    schedule.start("small")
    beside = schedule.startable()
    schedule.settle("small", State.DONE)

    assert (None, "huge") == (beside, schedule.startable())


def test_a_small_step_starts_past_a_large_one_that_does_not_fit_yet() -> None:
    items = [Item("first", cpu=1), Item("large", cpu=2), Item("small", cpu=1)]
    schedule = Schedule(items, Machine(8, 2.0, 9))
    for item in items:
        schedule.enqueue(item.name)

    schedule.start("first")

    assert "small" == schedule.startable()


def test_after_a_failure_nothing_is_decided_or_started() -> None:
    schedule = Schedule([Item("a"), Item("b"), Item("c")], Machine(1, 9.0, 9))
    schedule.enqueue("a")
    schedule.enqueue("b")
    schedule.start("a")

    schedule.settle("a", State.FAILED)

    assert (None, None, ("b", "c")) == (
        schedule.undecided(), schedule.startable(), schedule.close()
    )  # fmt: skip


def test_a_step_that_becomes_several_keeps_what_runs_and_what_is_queued() -> None:
    schedule = Schedule(
        [Item("a"), Item("b"), Item("c"), Item("loop", ("a",)), Item("end", ("loop",))],
        Machine(1, 1.0, 1),
    )
    for name in "abc":
        schedule.enqueue(name)
    schedule.start("a")
    schedule.settle("a", State.DONE)
    schedule.start("b")
    assert "loop" == schedule.undecided()

    schedule.rewrite(
        [
            Item("b"), Item("loop-0", ("a",)), Item("loop-1", ("a", "b")), Item("a"), Item("c"),
            Item("end", ("loop-0", "loop-1")),
        ]
    )  # fmt: skip
    assert (("b",), "loop-0", None) == (
        tuple(schedule.running()), schedule.undecided(), schedule.startable(),
    )  # fmt: skip
    schedule.enqueue("loop-0")
    assert schedule.undecided() is None
    schedule.settle("b", State.DONE)
    assert ("loop-1", "loop-0") == (schedule.undecided(), schedule.startable())
    schedule.settle("loop-1", State.SKIPPED)
    schedule.start("loop-0")
    schedule.settle("loop-0", State.DONE)
    assert ("end", "c", ("end", "c")) == (
        schedule.undecided(), schedule.startable(), tuple(sorted(schedule.close(), reverse=True)),
    )  # fmt: skip


@given(graphs(), st.integers(1, 4), st.data())
def test_to_become_what_it_is_changes_nothing(
    items: list[Item], jobs: int, data: st.DataObject
) -> None:
    schedule, other = (Schedule(items, Machine(jobs, 4.0, 4)) for _ in range(2))
    while True:
        other.rewrite(items)
        assert (schedule.undecided(), schedule.startable(), schedule.states) == (
            other.undecided(), other.startable(), other.states,
        )  # fmt: skip
        if (name := schedule.undecided()) is not None:
            for each in (schedule, other):
                each.enqueue(name)
        elif (name := schedule.startable()) is not None:
            for each in (schedule, other):
                each.start(name)
        elif running := list(schedule.running()):
            ended = data.draw(st.sampled_from(running))
            state = data.draw(st.sampled_from([State.DONE, State.DONE, State.FAILED]))
            for each in (schedule, other):
                each.settle(ended, state)
        else:
            break


def test_where_each_stands_alone_a_failure_halts_nothing() -> None:
    schedule = Schedule([Item("a"), Item("b")], Machine(1, 1.0, 1), each_alone=True)
    for name in "ab":
        schedule.enqueue(name)
    schedule.start("a")
    schedule.settle("a", State.FAILED)
    assert "b" == schedule.startable()
