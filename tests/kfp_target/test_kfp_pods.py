"""Pods and variables of steps: what kfp-kubernetes would have written, and what a step finds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kfp_judge
import pytest
import yaml
from google.protobuf.json_format import ParseDict
from kfp import compiler, dsl, kubernetes
from kfp.kubernetes import kubernetes_executor_config_pb2 as pb

from isodag import driver
from isodag.targets import kfp

HERE = Path(__file__).parent
FOLDERS = [str(HERE / "components"), str(HERE.parent / "toys" / "components")]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: pods\n"


def emitted(tmp_path: Path, text: str) -> kfp.Emitted:
    path = tmp_path / "dag.yaml"
    path.write_text(HEAD + text)
    loaded = driver.load(path, components=FOLDERS)
    assert loaded.pipeline is not None, loaded.diagnostics
    return kfp.emit(loaded.pipeline)


def documents(tmp_path: Path, text: str) -> list[Any]:
    """The documents of a pipeline in which the judge finds no fault."""
    made = emitted(tmp_path, text)
    written = made.files["pipeline.yaml"].decode()
    assert [] == kfp_judge.faults(written)
    return list(yaml.safe_load_all(written))


def pod(tmp_path: Path, step: str, shared: str = "{}", settings: str = "") -> Any:
    """The configuration of the one step `a` with a block of its own and the pipeline's."""
    text = (
        f"{settings}steps:\n  a: {{component: make_numbers, targets: {{kfp: {step}}}}}\n"
        f"targets: {{kfp: {shared}}}\n"
    )
    platform = documents(tmp_path, text)[1]
    return platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-make-numbers"]


# --- as kfp-kubernetes has it ------------------------------------------------------------------

OURS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a claim": (
        "{volumes: [{pvc: corpus, path: /mnt/corpus, sub_path: reviews}]}",
        lambda task: kubernetes.mount_pvc(task, "corpus", "/mnt/corpus", "reviews"),
    ),
    "an empty folder": (
        "{volumes: [{empty_dir: shm, path: /dev/shm, medium: Memory, size: 2Gi}]}",
        lambda task: kubernetes.empty_dir_mount(task, "shm", "/dev/shm", "Memory", "2Gi"),
    ),
    "a secret as files": (
        "{volumes: [{secret: certs, path: /certs}]}",
        lambda task: kubernetes.use_secret_as_volume(task, "certs", "/certs"),
    ),
    "an optional secret as files": (
        "{volumes: [{secret: certs, path: /certs, optional: true}]}",
        lambda task: kubernetes.use_secret_as_volume(task, "certs", "/certs", optional=True),
    ),
    "a config map as files": (
        "{volumes: [{config_map: settings, path: /etc/settings}]}",
        lambda task: kubernetes.use_config_map_as_volume(task, "settings", "/etc/settings"),
    ),
    "a volume that lives as long as the pod": (
        "{volumes: [{ephemeral: big, path: /big, size: 100Gi, access: ReadWriteOnce}]}",
        lambda task: kubernetes.add_ephemeral_volume(
            task, "big", "/big", ["ReadWriteOnce"], "100Gi"
        ),
    ),
    "a volume of a class": (
        "{volumes: [{ephemeral: big, path: /big, size: 1Ti, access: [ReadWriteMany], storage_class: fast}]}",
        lambda task: kubernetes.add_ephemeral_volume(
            task, "big", "/big", ["ReadWriteMany"], "1Ti", "fast"
        ),
    ),
    "variables of a config map": (
        "{config_env: {COLOR: {config_map: settings, key: color}}}",
        lambda task: kubernetes.use_config_map_as_env(task, "settings", {"color": "COLOR"}),
    ),
    "variables of the pod": (
        "{field_env: {NODE: spec.nodeName}}",
        lambda task: kubernetes.use_field_path_as_env(task, "NODE", "spec.nodeName"),
    ),
    "labels": (
        "{labels: {app: fit, example.com/team: text}}",
        lambda task: kubernetes.add_pod_label(
            kubernetes.add_pod_label(task, "app", "fit"), "example.com/team", "text"
        ),
    ),
    "annotations": (
        '{annotations: {sidecar.istio.io/inject: "false", note: "free text: here"}}',
        lambda task: kubernetes.add_pod_annotation(
            kubernetes.add_pod_annotation(task, "sidecar.istio.io/inject", "false"),
            "note", "free text: here",
        ),
    ),
    "when images are pulled": (
        "{image_pull_policy: Always}",
        lambda task: kubernetes.set_image_pull_policy(task, "Always"),
    ),
    "who the container runs as": (
        "{security_context: {run_as_user: 1000, run_as_group: 0, run_as_non_root: true}}",
        lambda task: kubernetes.set_security_context(
            task, run_as_user=1000, run_as_group=0, run_as_non_root=True
        ),
    ),
    "the nodes it must have": (
        "{node_affinity: [{key: disk, values: [ssd, nvme]}, {key: old, operator: DoesNotExist}]}",
        lambda task: kubernetes.add_node_affinity(
            task, [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]},
                   {"key": "old", "operator": "DoesNotExist"}],
        ),
    ),
    "the nodes it would like": (
        "{node_affinity: [{key: zone, values: [a], weight: 10}]}",
        lambda task: kubernetes.add_node_affinity(
            task, [{"key": "zone", "operator": "In", "values": ["a"]}], weight=10
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OURS)
def test_a_setting_is_what_kfp_kubernetes_makes_of_it(what: str, tmp_path: Path) -> None:
    ours, theirs = OURS[what]
    assert config(theirs, tmp_path) == ParseDict(pod(tmp_path, ours), pb.KubernetesExecutorConfig())


def config(change: Callable[[Any], Any], tmp_path: Path) -> Any:
    """What kfp-kubernetes configures, without the newer spelling of a name beside the older."""

    @dsl.container_component
    def make():  # type: ignore[no-untyped-def]
        return dsl.ContainerSpec(image="example.com/make:1", command=["make"])

    @dsl.pipeline(name="theirs")
    def theirs():  # type: ignore[no-untyped-def]
        change(make())

    compiler.Compiler().compile(theirs, str(tmp_path / "theirs.yaml"))
    platform = list(yaml.safe_load_all((tmp_path / "theirs.yaml").read_text()))[1]
    (found,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    message = ParseDict(found, pb.KubernetesExecutorConfig())
    for mount in message.pvc_mount:
        mount.ClearField("pvc_name_parameter")
    for items, field in (
        (message.secret_as_volume, "secret_name_parameter"),
        (message.config_map_as_volume, "config_map_name_parameter"),
        (message.config_map_as_env, "config_map_name_parameter"),
    ):
        for item in items:
            item.ClearField(field)
            if not item.optional:
                item.ClearField("optional")
    return message


def test_a_timeout_is_the_pod_s_deadline(tmp_path: Path) -> None:
    ours = pod(tmp_path, "{}", settings="defaults: {timeout: 90m}\n")
    theirs = config(lambda task: kubernetes.set_timeout(task, 5400), tmp_path)
    assert theirs == ParseDict(ours, pb.KubernetesExecutorConfig())


def test_times_of_the_whole_run(tmp_path: Path) -> None:
    text = "steps: {a: {component: make_numbers}}\ntargets: {kfp: {run_timeout: 2h, ttl: 7d}}\n"
    ours = documents(tmp_path, text)[1]["platforms"]["kubernetes"]

    @dsl.container_component
    def make():  # type: ignore[no-untyped-def]
        return dsl.ContainerSpec(image="example.com/make:1", command=["make"])

    times = {"active_deadline_seconds": 7200, "ttl_seconds_after_finished": 604800}

    @dsl.pipeline(name="theirs", pipeline_config=dsl.PipelineConfig(**times))
    def theirs():  # type: ignore[no-untyped-def]
        make()

    compiler.Compiler().compile(theirs, str(tmp_path / "theirs.yaml"))
    platform = list(yaml.safe_load_all((tmp_path / "theirs.yaml").read_text()))[1]
    assert platform["platforms"]["kubernetes"] == ours


# --- the pipeline's block and the step's --------------------------------------------------------


def test_mappings_merge_and_lists_replace(tmp_path: Path) -> None:
    shared = (
        "{labels: {app: all, team: text}, volumes: [{pvc: shared, path: /shared}],"
        " security_context: {run_as_user: 1, run_as_group: 2}}"
    )
    own = "{labels: {app: one}, volumes: [{pvc: own, path: /own}], security_context: {run_as_user: 3}}"
    assert {
        "podMetadata": {"labels": {"app": "one", "team": "text"}},
        "pvcMount": [{"constant": "own", "mountPath": "/own"}],
        "securityContext": {"runAsGroup": 2, "runAsUser": 3},
    } == pod(tmp_path, own, shared)
    assert [{"constant": "shared", "mountPath": "/shared"}] == pod(tmp_path, "{}", shared)[
        "pvcMount"
    ]
    assert "pvcMount" not in pod(tmp_path, "{volumes: []}", shared)


def test_tags_are_labels_where_they_fit_and_annotations_where_they_do_not(tmp_path: Path) -> None:
    settings = 'defaults: {tags: {team: text, note: "any text", app: tag}}\n'
    assert {
        "labels": {"app": "label", "team": "text"}, "annotations": {"note": "any text"},
    } == pod(tmp_path, "{labels: {app: label}}", settings=settings)["podMetadata"]  # fmt: skip


def test_a_fail_step_s_pod_is_the_pipeline_s(tmp_path: Path) -> None:
    text = "steps: {a: {fail: no}}\ntargets: {kfp: {labels: {app: all}}}\n"
    platform = documents(tmp_path, text)[1]
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert {"exec-fail": {"podMetadata": {"labels": {"app": "all"}}}} == executors


# --- variables -----------------------------------------------------------------------------------

VARIABLES = """\
parameters: {rate: {type: Float, default: 0.5}, word: {type: String}}
steps:
  a: {component: make_numbers}
  b:
    component: surroundings
    inputs: {only: OWN_}
    environment:
      OWN_PRICE: 5 $ or $(PATH) $$
      OWN_TEXT: "${{ parameters.word }}, ${{ parameters.rate }} of ${{ run.pipeline }}"
      OWN_WORD: ${{ parameters.word }}
      OWN_PIPELINE: ${{ run.pipeline }}
"""


def test_a_step_finds_its_variables(tmp_path: Path) -> None:
    spec = documents(tmp_path, VARIABLES)[0]
    container = spec["deploymentSpec"]["executors"]["exec-surroundings"]["container"]
    seen = started(container, tmp_path, word="it's = {x} $HOME", rate="0.5")
    assert {
        "OWN_HOME": "/root/$USER",
        "OWN_PIPELINE": "pods",
        "OWN_PRICE": "5 $ or $(PATH) $$",
        "OWN_TEXT": "it's = {x} $HOME, 0.5 of pods",
        "OWN_WORD": "it's = {x} $HOME",
    } == seen


def started(container: Any, tmp_path: Path, **values: str) -> Any:
    """What a container's component told, started as Kubernetes and the launcher start it.

    values  of the pipeline's parameters
    """
    inputs = {"env_own_word": values["word"], "env_own_text-1": values["word"],
              "env_own_text-2": values["rate"], "only": "OWN_"}  # fmt: skip
    told = tmp_path / "seen"

    def replaced(match: re.Match[str]) -> str:
        return inputs[match[2]] if match[1] == "inputs" else str(told)

    words = [
        re.sub(r"\{\{\$\.(inputs|outputs)\.parameters\['([^']*)'\](?:\.output_file)?\}\}", replaced, word)
        for word in (*container["command"], *container["args"])
    ]  # fmt: skip
    # Kubernetes puts other variables in, and writes `$$` as `$`
    variables = {
        item["name"]: re.sub(r"\$\$|\$\((\w+)\)", lambda m: os.environ.get(m[1], m[0]) if m[1] else "$", item["value"])
        for item in container["env"]
    }  # fmt: skip
    env = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "ISODAG_COMPONENTS": str(HERE / "components"),
        **variables,
    }
    subprocess.run(words, env=env, check=True, cwd=tmp_path, capture_output=True)
    return json.loads(told.read_text())


def test_steps_with_the_same_variables_share_an_executor(tmp_path: Path) -> None:
    step = '{{component: surroundings, environment: {{A: "{}"}}}}'
    lines = "".join(f"  {n}: {step.format(v)}\n" for n, v in (("a", "1"), ("b", "1"), ("c", "2")))
    (spec,) = documents(tmp_path, "steps:\n" + lines)
    tasks = spec["root"]["dag"]["tasks"]
    names = [tasks[step]["componentRef"]["name"] for step in "abc"]
    assert names[0] == names[1] != names[2]


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("{volumes: [a]}", ["E608 a volume is a mapping"]),
        ("{volumes: [{pcv: a, path: /a}]}", ["E608 a volume has no `pcv`"]),
        ("{volumes: [{path: /a}]}", ["E612 a volume does not say what it is"]),
        ("{volumes: [{pvc: a, secret: b, path: /a}]}", ["E612 a volume is both pvc and secret"]),
        ("{volumes: [{pvc: a}]}", ["E612 a volume with `pvc` has no `path`"]),
        ("{volumes: [{pvc: a, path: a}]}", ["E612 `a` is not the path of a folder"]),
        ("{volumes: [{pvc: a, path: /a/../b}]}", ["E612 `/a/../b` is no path for a volume"]),
        ("{volumes: [{pvc: a, path: /}]}", ["E612 `/` is the image itself"]),
        ("{volumes: [{pvc: a, path: /a, sub_path: /b}]}",
         ["E612 `/b` is no path within the volume"]),
        ("{volumes: [{pvc: a, path: /a, size: 1Gi}]}", ["E612 a volume with `pvc` has no `size`"]),
        ("{volumes: [{pvc: A_b, path: /a}]}", ["E612 `A_b` is not a name for a claim"]),
        ("{volumes: [{secret: a.b, path: /a}]}", ["E612 a volume cannot be named `a.b`"]),
        ("{volumes: [{empty_dir: a, path: /a, size: 10GB}]}", ["E612 `10GB` is not a size"]),
        ("{volumes: [{empty_dir: a, path: /a, medium: memory}]}", ["E612 `memory` is no `medium`"]),
        ("{volumes: [{ephemeral: a, path: /a}]}", ["E612 an ephemeral volume has no `size`"]),
        ("{volumes: [{ephemeral: a, path: /a, size: 1Gi, access: [RWX]}]}",
         ["E612 `RWX` is no `access`"]),
        ("{volumes: [{secret: a, path: /a, optional: maybe}]}", ["E612 `maybe` is no `optional`"]),
        ("{volumes: [{pvc: a, path: /a}, {secret: a, path: /b}]}",
         ["E612 two volumes have the name `a`"]),
        ("{volumes: [{pvc: a, path: /a}, {secret: b, path: /a/}]}",
         ["E612 two volumes have the path `/a`"]),
        ("{image_pull_policy: always}", ["E608 `always` is no policy for pulling images"]),
        ("{labels: {a: a b}}", ["E608 `a b` is not the value of a label"]),
        ("{annotations: {a b: c}}", ["E608 `a b` is not a label"]),
        ("{security_context: {run_as_user: root}}", ["E608 `run_as_user` is root"]),
        ("{security_context: {run_as: 1}}", ["E608 `security_context` has no `run_as`"]),
        ("{config_env: {A: settings}}", ["E608 a variable is a mapping"]),
        ("{config_env: {A: {key: a}}}", ["E608 `` is not a name for a config map"]),
        ("{config_env: {1A: {config_map: a}}}",
         ["E608 `1A` is not a name for an environment variable"]),
        ("{field_env: {A: spec.node}}", ["E608 a pod has no field `spec.node`"]),
        ("{field_env: {A: \"metadata.labels['app']\"}}", []),
        ("{field_env: {A: spec.nodeName}, config_env: {A: {config_map: a}}}",
         ["E613 variable `A` is set by `config_env` too"]),
        ("{node_affinity: [{values: [a]}]}", ["E608 a demand has no `key`"]),
        ("{node_affinity: [{key: a}]}", ["E608 `In` needs values"]),
        ("{node_affinity: [{key: a, operator: Exists, values: [b]}]}",
         ["E608 `Exists` takes no values"]),
        ("{node_affinity: [{key: a, operator: Gt, values: [b]}]}",
         ["E608 `Gt` needs one whole number"]),
        ("{node_affinity: [{key: a, operator: Is, values: [b]}]}", ["E608 `Is` is not an operator"]),
        ("{node_affinity: [{key: a, values: [b], weight: 0}]}",
         ["E608 the weight is 0, not 1 to 100"]),
    ],
)  # fmt: skip
def test_what_kubernetes_would_refuse_is_said(
    block: str, expected: list[str], tmp_path: Path
) -> None:
    for place in (f"steps: {{a: {{component: surroundings, targets: {{kfp: {block}}}}}}}\n",
                  f"steps: {{a: {{component: surroundings}}}}\ntargets: {{kfp: {block}}}\n"):  # fmt: skip
        found = emitted(tmp_path, place).diagnostics
        assert expected == [
            f"{item.code} {item.message}" for item in found if item.severity == "error"
        ]


@pytest.mark.parametrize("time", ["0s", "soon", "999999999d"])
def test_a_time_of_a_run_that_is_none_is_said(time: str, tmp_path: Path) -> None:
    text = f"steps: {{a: {{component: make_numbers}}}}\ntargets: {{kfp: {{ttl: {time}}}}}\n"
    found = [item.message for item in emitted(tmp_path, text).diagnostics if item.code == "E608"]
    assert [f"`ttl` is `{time}`, not a duration"] == found


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("component: surroundings, environment: {A: '{{workflow.name}}'}",
         ["E606 variable `A` holds `{{workflow.name…`, which KFP would replace at run time"]),
        ("component: inspect, inputs: {Model URI: 's3://b/m', data: 's3://b/d'}, environment: {A: '${{ parameters.p }}'}",
         ["E611 KFP cannot give `A` to the image of inspect: a run decides its value"]),
        ("component: inspect, inputs: {Model URI: 's3://b/m', data: 's3://b/d'}, environment: {A: '${{ run.pipeline }}'}", []),
        ("component: surroundings, environment: {A: b}, targets: {kfp: {field_env: {A: spec.nodeName}}}",
         ["E613 variable `A` is set by `environment` too"]),
        ("component: surroundings, targets: {kfp: {config_env: {OWN_HOME: {config_map: a}}}}",
         ["E613 variable `OWN_HOME` is set by surroundings itself too"]),
        ("component: surroundings, secret_env: {T: 'secret:t'}, targets: {kfp: {config_env: {T: {config_map: a}}}}",
         ["E613 variable `T` is set by `secret_env` too"]),
        ("component: surroundings, resources: {instances: 2}, tags: {Cost Center: x}",
         ["W602 `resources.instances` is not kept on KFP: a step runs in one pod",
          "W605 tag `Cost Center` is left out on KFP: Kubernetes takes no such label"]),
        ("component: surroundings, resources: {instances: 1}", []),
    ],
)  # fmt: skip
def test_what_kfp_does_not_keep_is_said(step: str, expected: list[str], tmp_path: Path) -> None:
    text = f"parameters: {{p: {{type: String}}}}\nsteps: {{a: {{{step}}}}}\n"
    found = emitted(tmp_path, text).diagnostics
    assert expected == [f"{item.code} {item.message}" for item in found if item.code != "W601"]
