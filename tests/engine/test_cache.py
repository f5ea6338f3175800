"""The cache: equal inputs give a hit, anything else a miss, and a hit is never half a result."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.engine import RunResult, run
from isodag.engine.artifacts import Memo, Unreadable, digest
from isodag.engine.keys import cache_key

HOUR = 3600


def chain(kit: Any, script: str = "tr a-z A-Z < $rows > $upper", **more: Any) -> ir.Pipeline:
    """Two steps on a file from outside; the second one's result does not depend on its case."""
    return kit.pipeline(
        kit.step("first", script, {"rows": ir.ParameterRef("rows", "Dataset")},
                  {"upper": "Dataset"}, **more),
        kit.step("second", 'printf "%s" $note | wc -c > $n; cat $upper >> /dev/null',
                  {"upper": ir.OutputRef("first", "upper", "Dataset"),
                   "note": ir.ParameterRef("note", "String")}, {"n": "Integer"}),
        parameters={"rows": ("Dataset", "rows"), "note": ("String", "abc")},
    )  # fmt: skip


@pytest.fixture
def rows(kit: Any) -> Path:
    path: Path = kit.folder / "rows"
    path.write_text("abc")
    return path


def cached(result: RunResult) -> dict[str, bool]:
    assert 0 == result.exit_code
    return {step.name: step.cached for step in result.steps.values()}


def test_a_second_run_is_answered_from_the_cache(kit: Any, rows: Path) -> None:
    first = run(chain(kit), kit.options())
    second = run(chain(kit), kit.options())

    assert {"first": False, "second": False} == cached(first)
    assert {"first": True, "second": True} == cached(second)
    assert {"n": 3} == second.steps["second"].outputs
    outputs = [Path(result.steps["first"].outputs["upper"].place) for result in (first, second)]
    assert "ABC" == outputs[1].read_text()
    assert outputs[0] != outputs[1] and outputs[0].samefile(outputs[1])


def test_the_step_s_name_and_the_files_s_times_do_not_matter(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())
    os.utime(rows, (0, 0))
    pipeline = chain(kit)
    renamed = replace(pipeline, tasks=(replace(pipeline.tasks[0], name="other"),))

    assert {"other": True} == cached(run(renamed, kit.options()))


def test_new_content_of_an_input_is_a_miss(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())
    rows.write_text("xyz")

    assert {"first": False, "second": False} == cached(run(chain(kit), kit.options()))


def test_a_file_changed_and_changed_back_in_size_and_mtime_is_a_miss(kit: Any, rows: Path) -> None:
    os.utime(rows, (1, 1))
    run(chain(kit), kit.options())
    rows.write_text("xyz")
    os.utime(rows, (1, 1))

    assert {"first": False, "second": False} == cached(run(chain(kit), kit.options()))


def test_another_name_of_an_input_file_is_a_miss(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())
    rows.rename(kit.folder / "rows.gz")

    again = run(chain(kit), kit.options(parameters={"rows": "rows.gz"}))

    assert {"first": False, "second": True} == cached(again)


def test_a_changed_parameter_is_a_miss_for_those_who_read_it(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())

    again = run(chain(kit), kit.options(parameters={"note": "abcd"}))

    assert {"first": True, "second": False} == cached(again)
    assert {"n": 4} == again.steps["second"].outputs


def test_a_changed_component_is_a_miss_and_equal_content_is_a_hit_again(
    kit: Any, rows: Path
) -> None:
    run(chain(kit), kit.options())

    again = run(chain(kit, "tr abc ABC < $rows > $upper"), kit.options())

    assert {"first": False, "second": True} == cached(again)


def test_a_component_with_side_effects_runs_every_time(kit: Any, rows: Path) -> None:
    log = kit.folder / "log"
    script = f"echo ran >> {log}; cat $rows > $upper"
    for _ in range(3):
        result = run(chain(kit, script, side_effects=True), kit.options())

    assert ["ran"] * 3 == log.read_text().split()
    assert {"first": False, "second": True} == cached(result)


def test_without_the_cache_every_step_runs_and_later_runs_may_use_it(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())

    assert {"first": False, "second": False} == cached(
        run(chain(kit), kit.options(use_cache=False))
    )
    assert {"first": True, "second": True} == cached(run(chain(kit), kit.options()))


def test_from_a_step_it_and_all_after_it_run_again(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())

    assert {"first": True, "second": False} == cached(
        run(chain(kit), kit.options(from_step="second"))
    )
    assert {"first": False, "second": False} == cached(
        run(chain(kit), kit.options(from_step="first"))
    )


def test_a_step_that_reads_the_run_s_id_is_new_in_every_run(kit: Any) -> None:
    step = kit.step("say", "printf %s $id > $said", {"id": ir.RunRef("id")}, {"said": "String"})
    results = [run(kit.pipeline(step), kit.options()) for _ in range(2)]

    assert [False, False] == [result.steps["say"].cached for result in results]
    assert [result.run_id for result in results] == [
        result.steps["say"].outputs["said"] for result in results
    ]


@pytest.mark.parametrize(("expected", "age"), [(True, None), (True, HOUR), (False, 0)])
def test_a_result_older_than_the_cache_s_age_is_a_miss(
    kit: Any, rows: Path, expected: bool, age: int | None
) -> None:
    pipeline = chain(kit, cache=ir.Cache(age))
    run(pipeline, kit.options())

    assert expected is run(pipeline, kit.options()).steps["first"].cached


def entries(kit: Any) -> list[Path]:
    return sorted((kit.folder / "store" / "cache").glob("*/*"))


def test_a_result_that_someone_changed_is_a_miss(kit: Any, rows: Path) -> None:
    first = run(chain(kit), kit.options())
    Path(first.steps["first"].outputs["upper"].place).write_text("spoilt")

    again = run(chain(kit), kit.options())

    assert {"first": False, "second": True} == cached(again)
    assert "ABC" == Path(again.steps["first"].outputs["upper"].place).read_text()


@pytest.mark.parametrize("text", ["", "{}", '{"values": 3}', "[]", "\0"])
def test_an_entry_that_is_not_whole_is_a_miss(kit: Any, rows: Path, text: str) -> None:
    run(chain(kit), kit.options())
    for entry in entries(kit):
        (entry / "result.json").write_text(text)

    assert {"first": False, "second": False} == cached(run(chain(kit), kit.options()))


def test_a_store_that_was_copied_without_times_still_answers(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())
    shutil.copytree(kit.folder / "store", kit.folder / "copy", symlinks=True,
                    copy_function=shutil.copyfile)  # fmt: skip

    again = run(chain(kit), kit.options(store=kit.folder / "copy"))

    assert {"first": True, "second": True} == cached(again)


def test_deleting_the_cache_costs_only_time(kit: Any, rows: Path) -> None:
    run(chain(kit), kit.options())
    shutil.rmtree(kit.folder / "store" / "cache")

    assert {"first": False, "second": False} == cached(run(chain(kit), kit.options()))


def test_the_key_covers_the_environment_and_no_path(kit: Any, rows: Path) -> None:
    component = kit.step("first", "tr a-z A-Z < $rows > $upper").component
    other = replace(component, container=replace(component.container, env={"A": "1"}))
    moved = replace(component, folder="/elsewhere")

    keys = [cache_key(item, {}, Memo(None)) for item in (component, other, moved)]

    assert keys[0] == keys[2] != keys[1]


# --- digests ---------------------------------------------------------------------------------


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_a_digest_is_of_names_and_bytes(tmp_path: Path) -> None:
    same = {"a": "1", "b/c": "2"}
    base = digest(tree(tmp_path / "base", same))[0]
    others = [
        {"a": "1", "b/c": "3"}, {"a": "1", "b/d": "2"}, {"a": "1", "c": "2"}, {"a": "1"},
        {"a": "12", "b/c": ""}, {"a": "1", "b/c": "2", "d": ""},
    ]  # fmt: skip

    assert base == digest(tree(tmp_path / "again", same))[0]
    found = {digest(tree(tmp_path / str(i), files))[0] for i, files in enumerate(others)}
    assert len(others) == len(found - {base})


def test_links_count_as_what_they_lead_to(tmp_path: Path) -> None:
    tree(tmp_path / "plain", {"a/x": "1", "b": "1"})
    tree(tmp_path / "linked", {"b": "1"})
    (tmp_path / "linked" / "a").symlink_to(tmp_path / "plain" / "a")

    assert digest(tmp_path / "plain")[0] == digest(tmp_path / "linked")[0]


def test_an_empty_folder_inside_counts(tmp_path: Path) -> None:
    tree(tmp_path / "one", {"a": "1"})
    tree(tmp_path / "two", {"a": "1"})
    (tmp_path / "two" / "empty").mkdir()

    assert digest(tmp_path / "one")[0] != digest(tmp_path / "two")[0]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    loop, dangling, pipe = tmp_path / "loop", tmp_path / "dangling", tmp_path / "pipe"
    for folder in (loop, dangling, pipe):
        folder.mkdir()
    (loop / "me").symlink_to(loop)
    (dangling / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe / "fifo")

    said = []
    for folder in (loop, dangling, pipe):
        with pytest.raises(Unreadable) as raised:
            digest(folder)
        said.append(str(raised.value))

    assert [
        f"`{loop}/me` is a link to a folder that it lies in",
        f"`{dangling}/gone`: No such file or directory",
        f"`{pipe}/fifo` is neither a file nor a folder",
    ] == said


def test_the_memo_answers_for_a_file_that_did_not_change(tmp_path: Path) -> None:
    file, memory = tmp_path / "file", tmp_path / "memo.json"
    file.write_text("1")
    status = os.stat(file)
    old = os.stat_result((*status[:7], 1, 1, 1), {**stat_fields(status, 1)})
    memo = Memo(memory)
    first = memo.digest(str(file), old)
    memo.save()
    file.write_text("2")  # the memo is told that nothing changed, and believes it

    assert first == Memo(memory).digest(str(file), old)


def test_the_memo_does_not_trust_a_file_that_changed_just_now(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("1")
    memo = Memo(None)
    status = os.stat(file)
    first = memo.digest(str(file), status)
    file.write_text("2")

    assert first != memo.digest(str(file), status)


@pytest.mark.parametrize("text", ["", "[]", '{"x": 3}', "\0"])
def test_a_memo_that_cannot_be_read_costs_only_time(kit: Any, rows: Path, text: str) -> None:
    run(chain(kit), kit.options())
    (kit.folder / "store" / "memo.json").write_text(text)

    assert {"first": True, "second": True} == cached(run(chain(kit), kit.options()))


def stat_fields(status: os.stat_result, seconds: int) -> dict[str, Any]:
    return {
        "st_mtime_ns": seconds * 10**9, "st_ctime_ns": seconds * 10**9,
        "st_mtime": float(seconds), "st_ctime": float(seconds), "st_atime": status.st_atime,
    }  # fmt: skip
