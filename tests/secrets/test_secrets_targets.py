"""What the targets make of `secret_env`: references alone, where each platform looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import kfp_judge
import moto
import pytest
import yaml
from google.protobuf.json_format import ParseDict
from sagemaker_judge import complaints

from isodag import diagnostics, driver
from isodag.targets import Emitted

TESTS = Path(__file__).parents[1]
LIBRARIES = [str(TESTS / "secrets" / "components"), str(TESTS / "toys" / "components"),
             str(TESTS / "sagemaker" / "components")]  # fmt: skip
TARGETS = """targets:
  sagemaker:
    role: arn:aws:iam::111122223333:role/pipelines
    artifact_root: s3://my-bucket/runs
    image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com
    instance_type: ml.m5.xlarge
  kfp: {image_registry: registry.example.com}
"""
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: telling\n" + TARGETS
DAG = (
    HEAD
    + """parameters:
  token: {type: Secret, default: "secret:hub-token", description: Opens it.}
  other: {type: Secret, description: Given to each run.}
steps:
  a: {component: tell, secret_env: {HF_TOKEN: "${{ parameters.token }}"}}
  b: {component: tell, secret_env: {HF_TOKEN: "${{ parameters.token }}"}, inputs: {words: hey}}
  c: {component: tell, secret_env: {HF_TOKEN: "${{ parameters.other }}", WANDB: "secret:runs"}}
  d: {component: tell}
  make: {component: make_numbers}
  gated: {component: tell, when: steps.make.outputs.total > 1, secret_env: {HF_TOKEN: "${{ parameters.token }}"}}
"""
)


def emitted(tmp_path: Path, text: str, target: str) -> Emitted:
    path = tmp_path / "dag.yaml"
    path.write_text(text)
    loaded = driver.load(path, components=LIBRARIES)
    assert loaded.pipeline is not None, loaded.diagnostics
    return driver.compile(loaded, target)


def errors(made: Emitted) -> list[str]:
    return [
        f"{item.code} {item.span.line}:{item.span.column} {item.message}"
        for item in diagnostics.ordered(made.diagnostics)
        if item.severity == "error"
    ]


# --- SageMaker -------------------------------------------------------------------------------


def environments(definition: dict[str, Any]) -> dict[str, Any]:
    steps = definition["Steps"] + [
        inner
        for step in definition["Steps"]
        if step["Type"] == "Condition"
        for inner in step["Arguments"]["IfSteps"]
    ]
    return {
        step["Name"]: step["Arguments"].get("Environment")
        for step in steps
        if step["Type"] == "Processing"
    }


def test_a_job_carries_references_alone(tmp_path: Path) -> None:
    definition = json.loads(emitted(tmp_path, DAG, "sagemaker").files["pipeline.json"])
    token = {"ISODAG_SECRET_HF_TOKEN": {"Get": "Parameters.token"}}
    assert {
        "a": token, "b": token, "d": None, "make": None, "gated": token,
        "c": {
            "ISODAG_SECRET_HF_TOKEN": {"Get": "Parameters.other"},
            "ISODAG_SECRET_WANDB": "secret:runs",
        },
    } == environments(definition)  # fmt: skip
    assert [
        {"Name": "other", "Type": "String"},
        {"Name": "token", "Type": "String", "DefaultValue": "secret:hub-token"},
    ] == definition["Parameters"]
    assert [] == complaints(definition)


def test_the_manifest_of_sagemaker_says_which_parameters_are_secrets(tmp_path: Path) -> None:
    manifest = emitted(tmp_path, DAG, "sagemaker").manifest
    assert ["Secret", "Secret"] == [item["type"] for item in manifest["parameters"]]


def test_moto_takes_the_request_with_references(tmp_path: Path) -> None:
    request = json.loads(emitted(tmp_path, DAG, "sagemaker").files["create-pipeline.json"])
    with moto.mock_aws():
        client = boto3.client(
            "sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_pipeline(**request)


def test_a_training_job_carries_them_too(tmp_path: Path) -> None:
    text = (
        HEAD
        + "steps: {a: {component: train_model, inputs: {rows: 's3://bucket/rows'}, secret_env: {T: 'secret:t'}}}\n"
    )
    definition = json.loads(emitted(tmp_path, text, "sagemaker").files["pipeline.json"])
    (step,) = definition["Steps"]
    assert "Training" == step["Type"]
    assert "secret:t" == step["Arguments"]["Environment"]["ISODAG_SECRET_T"]
    assert "T" not in step["Arguments"].get("HyperParameters", {})
    assert [] == complaints(definition)


ISOLATED = "targets: {sagemaker: {arguments: {NetworkConfig: {EnableNetworkIsolation: true}}}}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("steps: {a: {component: foreign, secret_env: {T: 'secret:t'}}}",
         ["E514 11:46 step `a` cannot read secrets on SageMaker: its image is a foreign one"]),
        ("steps: {a: {component: register, secret_env: {T: 'secret:t'}}}",
         ["E514 11:47 step `a` cannot read secrets on SageMaker: `register` runs no container there"]),
        ("steps: {a: {component: tell, secret_env: {T: env:T}}}",
         ["E514 11:46 `T` is `env:T`, an environment variable of the engine's machine"]),
        ("steps: {a: {component: tell, secret_env: {T: 'file:/run/t'}}}",
         ["E514 11:46 `T` is `file:/run/t`, a file of the engine's machine"]),
        ("parameters: {p: {type: Secret, default: env:T}}\nsteps: {a: {component: tell, secret_env: {T: '${{ parameters.p }}'}}}",
         ["E514 11:41 the default of `p` is `env:T`, an environment variable of the engine's machine"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:t'}, " + ISOLATED + "}}",
         ["E514 11:43 step `a` cannot read secrets on SageMaker: its job has no network"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:a/b_c+=.@-D'}}}", []),
    ],
)  # fmt: skip
def test_what_sagemaker_cannot_do(lines: str, expected: list[str], tmp_path: Path) -> None:
    register = tmp_path / "register"
    register.mkdir()
    (register / "component.yaml").write_text("name: Register\ninputs: []\n")
    (register / "sagemaker.yaml").write_text(
        "step: RegisterModel\narguments: {ModelPackageGroupName: g}\n"
    )
    lines = lines.replace("component: register", "component: ./register")
    expected = [text.replace("11:47", "11:49") for text in expected]
    found = errors(emitted(tmp_path, HEAD + lines + "\n", "sagemaker"))
    assert expected == found


# --- KFP -------------------------------------------------------------------------------------


def documents(tmp_path: Path, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    made = emitted(tmp_path, text, "kfp")
    assert [] == errors(made)
    spec, platform = yaml.safe_load_all(made.files["pipeline.yaml"])
    assert [] == kfp_judge.faults(made.files["pipeline.yaml"].decode())
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def secrets_of(spec: dict[str, Any], pods: dict[str, Any], task: str) -> Any:
    dags = [spec["root"], *spec["components"].values()]
    tasks = {
        name: item for dag in dags for name, item in dag.get("dag", {}).get("tasks", {}).items()
    }
    label = spec["components"][tasks[task]["componentRef"]["name"]]["executorLabel"]
    return pods.get(label, {}).get("secretAsEnv")


def test_a_pod_gets_the_entry_of_the_variable_s_name(tmp_path: Path) -> None:
    spec, pods = documents(tmp_path, DAG)
    keys = [{"secretKey": "HF_TOKEN", "envVar": "HF_TOKEN"}]

    def named(parameter: str) -> list[dict[str, Any]]:
        source = {"componentInputParameter": parameter}
        return [{"secretNameParameter": source, "keyToEnv": keys}]

    assert named("token") == secrets_of(spec, pods, "a") == secrets_of(spec, pods, "b")
    runs = {"secretName": "runs", "keyToEnv": [{"secretKey": "WANDB", "envVar": "WANDB"}]}
    assert [*named("other"), runs] == secrets_of(spec, pods, "c")
    assert secrets_of(spec, pods, "d") is None
    # the backend looks among the inputs of the DAG that the task stands in
    assert named("pipelinechannel--token") == secrets_of(spec, pods, "gated")
    inside = spec["components"]["dag-if-when-gated"]["inputDefinitions"]["parameters"]
    assert {"parameterType": "STRING"} == inside["pipelinechannel--token"]


def test_tasks_share_an_executor_only_when_their_secrets_are_the_same(tmp_path: Path) -> None:
    spec, _ = documents(tmp_path, DAG)
    tasks = spec["root"]["dag"]["tasks"]
    names = {step: tasks[step]["componentRef"]["name"] for step in "abcd"}
    assert names["a"] == names["b"]
    assert 3 == len(set(names.values()))


def test_the_parameter_holds_the_bare_name(tmp_path: Path) -> None:
    spec, _ = documents(tmp_path, DAG)
    assert {
        "other": {"parameterType": "STRING", "description": "Given to each run."},
        "token": {
            "parameterType": "STRING", "defaultValue": "hub-token", "isOptional": True,
            "description": "Opens it.",
        },
    } == spec["root"]["inputDefinitions"]["parameters"]  # fmt: skip
    assert ["other", "token"] == emitted(tmp_path, DAG, "kfp").manifest["secrets"]


def test_no_task_input_command_or_argument_speaks_of_a_secret(tmp_path: Path) -> None:
    spec, _ = documents(tmp_path, DAG)
    plain = DAG
    for line in (", secret_env: {HF_TOKEN: \"${{ parameters.token }}\"}",
                 ", secret_env: {HF_TOKEN: \"${{ parameters.other }}\", WANDB: \"secret:runs\"}"):  # fmt: skip
        plain = plain.replace(line, "")
    made = emitted(tmp_path, plain, "kfp")
    without = next(yaml.safe_load_all(made.files["pipeline.yaml"]))
    for label, executor in spec["deploymentSpec"]["executors"].items():
        assert executor == without["deploymentSpec"]["executors"].get(label, executor)
        assert "oken" not in json.dumps(executor) and "env" not in executor["container"]
    for step in "abcd":
        assert without["root"]["dag"]["tasks"][step].get("inputs") == (
            spec["root"]["dag"]["tasks"][step].get("inputs")
        )


def test_kfp_kubernetes_reads_what_it_would_have_written(tmp_path: Path) -> None:
    pb = pytest.importorskip("kfp.kubernetes.kubernetes_executor_config_pb2")
    _, pods = documents(tmp_path, DAG)
    for config in pods.values():
        ParseDict(config, pb.KubernetesExecutorConfig())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("steps: {a: {component: tell, secret_env: {T: env:T}}}",
         ["E609 11:46 `T` is `env:T`, an environment variable of the engine's machine"]),
        ("steps: {a: {component: tell, secret_env: {T: 'file:t'}}}",
         ["E609 11:46 `T` is `file:t`, a file of the engine's machine"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:team/hub'}}}",
         ["E609 11:46 `T`: `team/hub` is no name of a Kubernetes secret"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:Hub'}}}",
         ["E609 11:46 `T`: `Hub` is no name of a Kubernetes secret"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:" + 254 * "a" + "'}}}",
         ["E609 11:46 `T`: `" + 254 * "a" + "` is no name of a Kubernetes secret"]),
        ("parameters: {p: {type: Secret, default: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:t'}}\nsteps: {a: {component: tell, secret_env: {T: '${{ parameters.p }}'}}}",
         ["E609 11:41 the default of `p` is a secret of AWS, which KFP cannot read"]),
        ("steps: {a: {component: tell, secret_env: {T: 'secret:hub.token-1'}}}", []),
        ("steps: {a: {component: foreign, secret_env: {T: 'secret:hub'}}}", []),
    ],
)  # fmt: skip
def test_what_kfp_cannot_do(lines: str, expected: list[str], tmp_path: Path) -> None:
    assert expected == errors(emitted(tmp_path, HEAD + lines + "\n", "kfp"))
