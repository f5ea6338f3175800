"""Judges a SageMaker pipeline definition without the compiler: botocore's shapes, the graph.

`complaints(definition)` is empty for a definition that we believe the service takes.  Nothing of
isodag is imported here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

EXECUTION = {
    "PipelineExecutionId", "PipelineExecutionArn", "PipelineName", "PipelineArn", "StartDateTime",
    "CurrentDateTime", "TrainingJobName", "ProcessingJobName",
}  # fmt: skip
JOBS = {  # kind: request, its own name, describe
    "Processing": ("CreateProcessingJob", "ProcessingJobName", "DescribeProcessingJob"),
    "Training": ("CreateTrainingJob", "TrainingJobName", "DescribeTrainingJob"),
    "Transform": ("CreateTransformJob", "TransformJobName", "DescribeTransformJob"),
    "Tuning": (
        "CreateHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "DescribeHyperParameterTuningJob",
    ),
    "Model": ("CreateModel", "ModelName", "DescribeModel"),
    "RegisterModel": ("CreateModelPackage", "ModelPackageName", "DescribeModelPackage"),
    "AutoML": ("CreateAutoMLJob", "AutoMLJobName", "DescribeAutoMLJob"),
    "EndpointConfig": ("CreateEndpointConfig", "EndpointConfigName", "DescribeEndpointConfig"),
    "Endpoint": ("CreateEndpoint", "", "DescribeEndpoint"),
    "InferenceComponent": ("CreateInferenceComponent", "", "DescribeInferenceComponent"),
    "QualityCheck": ("CreateProcessingJob", "ProcessingJobName", ""),
    "ClarifyCheck": ("CreateProcessingJob", "ProcessingJobName", ""),
    "Job": ("CreateJob", "JobName", "DescribeJob"),
}
CACHED = {"Processing", "Training", "Transform", "Tuning", "AutoML", "QualityCheck", "ClarifyCheck",
          "EMR", "EMRServerless", "Job", "Lambda", "Callback", "EndpointConfig", "Endpoint"}  # fmt: skip
NOT_RETRIED = {"Endpoint", "InferenceComponent"}
FLAGS = ("SkipCheck", "FailOnViolation", "RegisterNewBaseline")
# members beside `Arguments`, as the SDK's classes write them, and those that may be null
BESIDE = {
    "Lambda": {"FunctionArn", "OutputParameters"},
    "Callback": {"SqsQueueUrl", "OutputParameters"},
    "QualityCheck": {"CheckType", "ModelPackageGroupName", *FLAGS, "SuppliedBaselineStatistics",
                     "SuppliedBaselineConstraints"},
    "ClarifyCheck": {"CheckType", "ModelPackageGroupName", *FLAGS, "SuppliedBaselineConstraints",
                     "ModelName"},
}  # fmt: skip
CHECK_TYPES = {
    "QualityCheck": {"DATA_QUALITY", "MODEL_QUALITY"},
    "ClarifyCheck": {"DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"},
}
_BASELINES = "(CalculatedBaseline|BaselineUsedForDriftCheck)"
# properties that no Describe answer has
TOLD = {
    "QualityCheck": rf"{_BASELINES}(Constraints|Statistics)",
    "ClarifyCheck": rf"{_BASELINES}Constraints",
    "AutoML": "BestCandidateProperties.(ModelInsights|Explainability)JsonReportPath",
    "Lineage": r"(Action|Artifact|Context)Arns\['[^']+'\]",
}
OTHERS = {"EMR": ("emr", "Step"), "EMRServerless": ("emr-serverless", "GetJobRunResponse")}
STEP_KEYS = {"Name", "Type", "Arguments", "DependsOn", "CacheConfig", "RetryPolicies",
             "PropertyFiles", "DisplayName", "Description"}  # fmt: skip
ATOMS = {"Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"}
DUMMY_ROLE = "arn:aws:iam::111122223333:role/dummy"


@cache
def service() -> ServiceModel:
    """SageMaker's service model, as the installed botocore has it."""
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@cache
def other(name: str) -> ServiceModel:
    """Another service's model."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@dataclass
class Place:
    """A step with the branches around it, and the ForEach step that it is in."""

    step: dict[str, Any]
    path: tuple[tuple[str, str], ...]
    needs: set[str] = field(default_factory=set)
    loop: str = ""


@dataclass
class Judge:
    definition: dict[str, Any]
    said: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    def say(self, text: str) -> None:
        self.said.append(text)

    # --- top level ---

    def run(self) -> list[str]:
        wanted = ["Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"]
        if list(self.definition) != wanted:
            self.say(f"top level holds {list(self.definition)}")
        if self.definition.get("Version") != "2020-12-01":
            self.say("wrong Version")
        for parameter in self.definition["Parameters"]:
            self.parameter(parameter)
        if len(self.parameters) > 200:
            self.say("more than 200 parameters")
        for step, path in walk(self.definition["Steps"]):
            name = step.get("Name", "")
            if not re.fullmatch(r"[A-Za-z0-9\-_]{1,64}", name):
                self.say(f"step name {name!r}")
            if name in self.places:
                self.say(f"two steps are named {name}")
            loop = next((outer for outer, side in path if side == "ForEachBody"), "")
            self.places[name] = Place(step, path, loop=loop)
        for name, place in self.places.items():
            self.step(name, place)
        self.edges()
        return self.said

    def parameter(self, parameter: dict[str, Any]) -> None:
        name, kind = parameter["Name"], parameter["Type"]
        if set(parameter) - {"Name", "Type", "DefaultValue", "EnumValues"}:
            self.say(f"parameter {name} holds {sorted(parameter)}")
        if not re.fullmatch(r"[A-Za-z0-9\-_]{1,256}", name) or name in self.parameters:
            self.say(f"parameter name {name!r}")
        types = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
        if kind not in types:
            self.say(f"parameter {name} is of type {kind}")
        default = parameter.get("DefaultValue")
        if "DefaultValue" in parameter and (
            not isinstance(default, types[kind])
            or (isinstance(default, bool) and kind != "Boolean")
        ):
            self.say(f"parameter {name}: default {default!r} is no {kind}")
        values = parameter.get("EnumValues")
        if values is not None and (kind != "String" or not 1 <= len(values) <= 16):
            self.say(f"parameter {name}: EnumValues")
        if values is not None and default is not None and default not in values:
            self.say(f"parameter {name}: default {default!r} is none of its values")
        self.parameters[name] = kind

    # --- steps ---

    def step(self, name: str, place: Place) -> None:
        step, kind = place.step, place.step["Type"]
        if set(step) - STEP_KEYS - BESIDE.get(kind, set()):
            self.say(f"{name} holds {sorted(step)}")
        for other in step.get("DependsOn", []):
            if other not in self.places or other == name:
                self.say(f"{name} depends on {other!r}")
            elif self.places[other].step["Type"] == "Condition":
                self.say(f"{name} depends on the Condition step {other}")
            place.needs.add(other)
        if "DependsOn" in step and not step["DependsOn"]:
            self.say(f"{name}: DependsOn is empty")
        self.policies(name, step)
        if kind == "Condition":
            self.condition(name, place)
        elif kind == "Fail":
            if set(step["Arguments"]) != {"ErrorMessage"}:
                self.say(f"{name}: Fail arguments")
            self.text(step["Arguments"].get("ErrorMessage"), name, place)
        elif kind in JOBS:
            self.job(name, place)
            if kind in CHECK_TYPES:
                self.check(name, place)
        elif kind in ("Lambda", "Callback"):
            self.call(name, place)
        elif kind in ("EMR", "EMRServerless"):
            self.spark(name, place)
        elif kind == "Lineage":
            self.lineage(name, place)
        elif kind == "Cleanup":
            self.cleanup(name, place)
        elif kind == "ForEach":
            self.loop(name, place)
        else:
            self.say(f"{name} is of type {kind}")

    def policies(self, name: str, step: dict[str, Any]) -> None:
        kind = step["Type"]
        cache = step.get("CacheConfig")
        if cache is not None:
            age = cache.get("ExpireAfter", "P1D")
            good = re.fullmatch(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?", age)
            if kind not in CACHED or cache.get("Enabled") is not True or not good:
                self.say(f"{name}: CacheConfig {cache}")
            if set(cache) - {"Enabled", "ExpireAfter"}:
                self.say(f"{name}: CacheConfig {cache}")
        for policy in step.get("RetryPolicies", []):
            if set(policy) != {"ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts"}:
                self.say(f"{name}: RetryPolicies {policy}")
            if not 1 <= policy["MaxAttempts"] <= 20 or not policy["ExceptionType"]:
                self.say(f"{name}: RetryPolicies {policy}")
            jobs_only = any(cause.startswith("SageMaker.") for cause in policy["ExceptionType"])
            if kind not in {*JOBS, *OTHERS} - NOT_RETRIED or (
                jobs_only and kind in ("Model", "RegisterModel")
            ):
                self.say(f"{name}: RetryPolicies on {kind}")
        for file in step.get("PropertyFiles", []):
            outputs = step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
            names = [output["OutputName"] for output in outputs]
            if kind != "Processing" or file["OutputName"] not in names:
                self.say(f"{name}: property file {file}")

    def condition(self, name: str, place: Place) -> None:
        arguments = place.step["Arguments"]
        if set(arguments) != {"Conditions", "IfSteps", "ElseSteps"}:
            self.say(f"{name}: Condition arguments {sorted(arguments)}")
        if not arguments["Conditions"]:
            self.say(f"{name} has no conditions")
        if not arguments["IfSteps"] and not arguments["ElseSteps"]:
            self.say(f"{name} has no steps in its branches")
        if len(arguments["Conditions"]) > 32:
            self.say(f"{name}: more than 32 conditions")
        for clause in arguments["Conditions"]:
            atoms = clause["Conditions"] if clause["Type"] == "Or" else [clause]
            if clause["Type"] == "Or" and (set(clause) != {"Type", "Conditions"} or len(atoms) < 2):
                self.say(f"{name}: {clause}")
            for atom in atoms:
                self.atom(atom, name, place)

    def atom(self, atom: dict[str, Any], name: str, place: Place) -> None:
        if atom["Type"] == "Not":
            if set(atom) != {"Type", "Condition"} or atom["Condition"]["Type"] == "Not":
                self.say(f"{name}: {atom}")
            atom = atom["Condition"]
        if atom["Type"] == "In":
            operands = [atom["QueryValue"], *atom["Values"]]
            if set(atom) != {"Type", "QueryValue", "Values"} or not atom["Values"]:
                self.say(f"{name}: {atom}")
        elif atom["Type"] in ATOMS and set(atom) == {"Type", "LeftValue", "RightValue"}:
            operands = [atom["LeftValue"], atom["RightValue"]]
        else:
            self.say(f"{name}: {atom}")
            return
        if not isinstance(operands[0], dict):
            self.say(f"{name}: the left side {operands[0]!r} is no reference")
        types = {self.operand(value, name, place) for value in operands}
        if len({"number" if t in ("Integer", "Float") else t for t in types} - {""}) > 1:
            self.say(f"{name}: compares {sorted(types)}")

    def operand(self, value: Any, name: str, place: Place) -> str:
        if isinstance(value, dict):
            return self.reference(value, name, place)
        return {bool: "Boolean", int: "Integer", float: "Float", str: "String"}[type(value)]

    # --- references ---

    def reference(self, value: dict[str, Any], name: str, place: Place) -> str:
        """The type of a reference; empty where it cannot be told."""
        if set(value) == {"Std:Join"}:
            body = value["Std:Join"]
            if set(body) != {"On", "Values"} or not body["Values"]:
                self.say(f"{name}: {value}")
            for part in body["Values"]:
                if not isinstance(part, str):
                    self.reference(part, name, place)
            return "String"
        if set(value) == {"Std:JsonGet"}:
            body = value["Std:JsonGet"]
            path = body["PropertyFile"]["Get"]
            match = re.fullmatch(r"Steps\.([\w-]+)\.PropertyFiles\.([\w-]+)", path)
            if set(body) != {"PropertyFile", "Path"} or match is None:
                self.say(f"{name}: {value}")
                return ""
            step, file = match.groups()
            place.needs.add(step)
            files = self.places[step].step.get("PropertyFiles", []) if step in self.places else []
            if file not in [item["PropertyFileName"] for item in files]:
                self.say(f"{name}: {step} has no property file {file}")
            return ""
        if set(value) != {"Get"}:
            self.say(f"{name}: {value} is no reference")
            return ""
        root, _, rest = value["Get"].partition(".")
        if root == "ForEach":
            if not place.loop or not re.fullmatch(r"CurrentItem(\.\w+)*", rest):
                self.say(f"{name}: {value} stands in no loop")
            return ""
        if root == "Parameters":
            if rest not in self.parameters:
                self.say(f"{name}: no parameter {rest}")
            return self.parameters.get(rest, "")
        if root == "Execution":
            if rest not in EXECUTION:
                self.say(f"{name}: no execution variable {rest}")
            return "String"
        return self.property(value["Get"], name, place)

    def property(self, path: str, name: str, place: Place) -> str:
        match = re.fullmatch(r"Steps\.([\w-]+)\.(.+)", path)
        if match is None or match[1] not in self.places:
            self.say(f"{name}: {path} names no step")
            return ""
        step, rest = match.groups()
        place.needs.add(step)
        kind = self.places[step].step["Type"]
        if kind == "ForEach" and rest.startswith("Selected."):
            selector = self.places[step].step["Arguments"].get("Selector")
            if selector is None:
                self.say(f"{name}: {step} selects nothing")
                return ""
            one = selector["Field"]["Get"].split(".")[1]
            inner = Place(self.places[one].step, self.places[one].path, loop=step)
            return self.property(f"Steps.{one}.{rest.removeprefix('Selected.')}", name, inner)
        if kind in ("Lambda", "Callback"):
            return self.answer(rest, step, name)
        if re.fullmatch(TOLD.get(kind, ""), rest):
            return "String"
        shape: Shape | None
        if kind in OTHERS:
            shape = other(OTHERS[kind][0]).shape_for(OTHERS[kind][1])
        elif kind in JOBS and JOBS[kind][2]:
            shape = service().operation_model(JOBS[kind][2]).output_shape
            if kind == "Tuning" and rest.startswith("TrainingJobSummaries"):
                listing = "ListTrainingJobsForHyperParameterTuningJob"
                shape = service().operation_model(listing).output_shape
        else:
            self.say(f"{name}: {path}: a {kind} step has no such property")
            return ""
        for dotted, quoted, index in re.findall(r"\.?([A-Za-z]\w*)|\['([^']*)'\]|\[(\d+)\]", rest):
            if dotted and shape.type_name == "structure" and dotted in shape.members:
                shape = shape.members[dotted]
            elif (quoted or index) and shape.type_name == "list":
                shape = shape.member
            elif quoted and shape.type_name == "map":
                shape = shape.value
            else:
                self.say(f"{name}: {path} does not exist")
                return ""
        if kind == "Processing" and (output := re.search(r"Outputs\['([^']*)'\]", rest)):
            arguments = self.places[step].step["Arguments"]
            outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
            if output[1] not in [item["OutputName"] for item in outputs]:
                self.say(f"{name}: {path}: {step} has no such output")
        if kind == "Training" and (metric := re.match(r"FinalMetricDataList\['([^']*)'\]", rest)):
            algorithm = self.places[step].step["Arguments"].get("AlgorithmSpecification", {})
            defined = [item["Name"] for item in algorithm.get("MetricDefinitions", [])]
            if metric[1] not in defined and "isodag.runtime" in str(algorithm):
                self.say(f"{name}: {path}: {step} has no such metric")
        types = {"integer": "Integer", "long": "Integer", "float": "Float", "boolean": "Boolean"}
        return types.get(shape.type_name, "String")

    def text(self, value: Any, name: str, place: Place) -> None:
        if isinstance(value, dict):
            given = self.reference(value, name, place)
            if given not in ("String", ""):
                self.say(f"{name}: {value} of type {given} stands where text is due")
        elif not isinstance(value, str):
            self.say(f"{name}: {value!r} is no text")

    # --- requests ---

    def job(self, name: str, place: Place) -> None:
        operation, own, _ = JOBS[place.step["Type"]]
        shape = service().operation_model(operation).input_shape
        given = place.step["Arguments"]
        if own in given and place.step["Type"] != "EndpointConfig":  # the SDK names those itself
            self.say(f"{name}: {own} is the service's")
        added = {own: "dummy"} if own and own not in given else {}
        self.request(given, shape, added, name, place)

    def request(
        self, given: dict[str, Any], shape: Shape, added: dict[str, Any], name: str, place: Place
    ) -> None:
        """A request with dummies for references; `added` is what the service fills in."""
        filled = self.fill(given, shape, name, place) | added
        report = ParamValidator().validate(filled, shape)
        if report.has_errors():
            self.say(f"{name}: {report.generate_report()}")

    # --- steps that are more, or other, than one request of SageMaker ---

    def check(self, name: str, place: Place) -> None:
        step, kind = place.step, place.step["Type"]
        if step["CheckType"] not in CHECK_TYPES[kind]:
            self.say(f"{name}: CheckType {step['CheckType']}")
        if set(step) & BESIDE[kind] < BESIDE[kind] - {"ModelName"}:
            self.say(f"{name} holds {sorted(step)}")
        if ("ModelName" in step) != (step["CheckType"] in ("MODEL_BIAS", "MODEL_EXPLAINABILITY")):
            self.say(f"{name}: ModelName and {step['CheckType']}")
        for flag in FLAGS:
            value = step[flag]
            given = self.reference(value, name, place) if is_reference(value) else "Boolean"
            if given != "Boolean" or not isinstance(value, bool | dict):
                self.say(f"{name}: {flag} {value}")
        for member in BESIDE[kind] & set(step) - {*FLAGS, "CheckType"}:
            if step[member] is not None:
                self.text(step[member], name, place)

    def call(self, name: str, place: Place) -> None:
        step = place.step
        own, form = {
            "Lambda": ("FunctionArn", r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+"),
            "Callback": ("SqsQueueUrl", r"https://sqs\.[a-z0-9-]+\.amazonaws\.com/\d{12}/[\w-]+"),
        }[step["Type"]]
        if not isinstance(step["Arguments"], dict) or own not in step:
            self.say(f"{name}: {step}")
        elif is_reference(step[own]):
            self.text(step[own], name, place)
        elif not re.fullmatch(form, step[own]):
            self.say(f"{name}: {own} {step[own]}")
        told = step.get("OutputParameters", [])
        if len(told) > 50 or len({item["OutputName"] for item in told}) < len(told):
            self.say(f"{name}: OutputParameters {told}")
        for item in told:
            if set(item) != {"OutputName", "OutputType"} or item["OutputType"] not in (
                "String", "Integer", "Float", "Boolean",
            ):  # fmt: skip
                self.say(f"{name}: {item}")
        self.anything(step["Arguments"], name, place)

    def anything(self, node: Any, name: str, place: Place) -> None:
        """JSON of any form: only its references are judged."""
        if is_reference(node):
            self.reference(node, name, place)
        elif isinstance(node, dict | list):
            for item in node.values() if isinstance(node, dict) else node:
                self.anything(item, name, place)

    def answer(self, rest: str, step: str, name: str) -> str:
        """The type of an output of a Lambda or Callback step."""
        told = {
            f"OutputParameters['{item['OutputName']}']": item["OutputType"]
            for item in self.places[step].step.get("OutputParameters", [])
        }
        if rest not in told:
            self.say(f"{name}: {step} has no {rest}")
        return told.get(rest, "")

    def spark(self, name: str, place: Place) -> None:
        arguments, kind = place.step["Arguments"], place.step["Type"]
        if kind == "EMR":
            pair, left = ("ClusterId", "ClusterConfig"), {"StepConfig", "ExecutionRoleArn"}
            emr = other("emr")
            self.request(arguments["StepConfig"], emr.shape_for("StepConfig"), {"Name": "x"}, name,
                         place)  # fmt: skip
            cluster, shape = arguments.get("ClusterConfig"), emr.shape_for("RunJobFlowInput")
            added = {"Name": "x"}
            refused = {"Name", "Steps", "AutoTerminationPolicy"} & set(cluster or ())
            inner = {"KeepJobFlowAliveWhenNoSteps", "TerminationProtected"}
            refused |= inner & set((cluster or {}).get("Instances", ()))
        else:
            pair, left = ("ApplicationId", "ApplicationConfig"), {"ExecutionRoleArn", "JobConfig"}
            emr = other("emr-serverless")
            added = {"clientToken": "x"}
            self.request(arguments["JobConfig"], emr.shape_for("StartJobRunRequest"),
                         {**added, "applicationId": "x"}, name, place)  # fmt: skip
            cluster = arguments.get("ApplicationConfig")
            shape = emr.shape_for("CreateApplicationRequest")
            refused = {"clientToken"} & set(cluster or ())
        if set(arguments) - {*pair, *left} or len(set(pair) & set(arguments)) != 1 or refused:
            self.say(f"{name}: {sorted(arguments)} {sorted(refused)}")
        if cluster is not None:
            self.request(cluster, shape, added, name, place)
        elif pair[0] in arguments:
            self.text(arguments[pair[0]], name, place)

    def lineage(self, name: str, place: Place) -> None:
        names = {}
        for key, given in place.step["Arguments"].items():
            if key == "Associations":
                continue
            operation = {"Actions": "Action", "Artifacts": "Artifact", "Contexts": "Context"}[key]
            shape = service().operation_model(f"Create{operation}").input_shape
            for item in given:
                self.request(item, shape, {}, name, place)
                names[item[f"{operation}Name"]] = operation
        for link in place.step["Arguments"].get("Associations", []):
            for end in (link["Source"], link["Destination"]):
                if set(end) == {"Arn"}:
                    self.text(end["Arn"], name, place)
                elif set(end) != {"Name", "Type"} or names.get(end["Name"]) != end["Type"]:
                    self.say(f"{name}: {end} is none of {names}")

    def loop(self, name: str, place: Place) -> None:
        """What the SDK's class asks of a ForEach step, and that it waits for its body's needs."""
        given = place.step["Arguments"]
        if set(given) - {"Selector"} != {"IterableItems", "MaxConcurrency", "ForEachBody"}:
            self.say(f"{name}: {sorted(given)}")
        items = given["IterableItems"]
        if is_reference(items):
            self.text(items, name, place)
        elif not (
            isinstance(items, list) and 1 <= len(items) <= 100
            and all(isinstance(item, str | int | float) for item in items)
        ):  # fmt: skip
            self.say(f"{name}: repeats over {items}")
        if not 1 <= given["MaxConcurrency"] <= 50 or not given["ForEachBody"]:
            self.say(f"{name}: {given['MaxConcurrency']} at once of {given['ForEachBody']}")
        body = [step["Name"] for step in given["ForEachBody"]]
        for step in given["ForEachBody"]:
            if step["Type"] in ("Condition", "Fail", "ForEach"):
                self.say(f"{name} holds {step['Name']}, which is a {step['Type']} step")
        for other in self.places:
            if any(re.fullmatch(rf"{re.escape(one)}-\d+", other) for one in body):
                self.say(f"{other} is called like a repetition in {name}")
        if "Selector" in given:
            way, what = given["Selector"]["Pick"], given["Selector"]["Field"]["Get"]
            match = re.fullmatch(r"IterationOutput\.([\w-]+)\.(.+)", what)
            if way not in ("MaxBy", "MinBy") or match is None or match[1] not in body:
                self.say(f"{name}: {given['Selector']}")
            elif self.property(f"Steps.{match[1]}.{match[2]}", match[1], place) not in (
                "Integer", "Float",
            ):  # fmt: skip
                self.say(f"{name}: selects by {what}, which is no number")
            place.needs -= set(body)

    def cleanup(self, name: str, place: Place) -> None:
        for item in place.step["Arguments"]["Resources"]["S3"]:
            if set(item) - {"StepName", "S3Uris"} or item["StepName"] not in self.places:
                self.say(f"{name}: {item}")
            self.anything(item, name, place)

    def fill(self, node: Any, shape: Shape, name: str, place: Place) -> Any:
        """The piece with dummies for references; constants checked for max, enum and pattern."""
        if is_reference(node):
            return self.dummy(node, shape, name, place)
        if isinstance(node, dict) and shape.type_name == "structure":
            members = shape.members
            return {
                key: self.fill(value, members[key], name, place) if key in members else value
                for key, value in node.items()
            }
        most = shape.metadata.get("max")
        if isinstance(node, dict) and shape.type_name == "map":
            if most is not None and len(node) > most:
                self.say(f"{name}: {shape.name} has {len(node)} entries")
            for key in node:
                self.fill(key, shape.key, name, place)
            return {k: self.fill(v, shape.value, name, place) for k, v in node.items()}
        if isinstance(node, list) and shape.type_name == "list":
            if most is not None and len(node) > most:
                self.say(f"{name}: {shape.name} has {len(node)} items")
            return [self.fill(item, shape.member, name, place) for item in node]
        self.constant(node, shape, name)
        return node

    def constant(self, value: Any, shape: Shape, name: str) -> None:
        if isinstance(value, bool):
            return
        metadata = shape.metadata
        measure = len(value) if isinstance(value, str) else value
        if isinstance(measure, int | float) and measure > metadata.get("max", measure):
            self.say(f"{name}: {value!r} is beyond the maximum of {shape.name}")
        if metadata.get("enum") and value not in metadata["enum"]:
            self.say(f"{name}: {value!r} is none of {shape.name}")
        pattern = metadata.get("pattern")
        if not pattern or not isinstance(value, str) or r"\p" in pattern or r"\u" in pattern:
            return
        if not re.fullmatch(pattern, value, re.DOTALL):
            self.say(f"{name}: {value!r} does not match {pattern}")

    def dummy(self, node: dict[str, Any], shape: Shape, name: str, place: Place) -> Any:
        given = self.reference(node, name, place)
        kind = {"long": "integer", "double": "float"}.get(shape.type_name, shape.type_name)
        takes = {
            "string": ("String",), "integer": ("Integer",), "float": ("Integer", "Float"),
            "boolean": ("Boolean",),
        }.get(kind, ())  # fmt: skip
        if given and given not in takes:
            self.say(f"{name}: {node} of type {given} stands where {shape.name} is due")
        least = shape.metadata.get("min", 0)
        if kind == "string":
            return DUMMY_ROLE if shape.name == "RoleArn" else "x" * max(1, least)
        return {"integer": max(1, least), "float": 1.0, "boolean": True, "list": []}.get(kind, {})

    # --- the graph ---

    def edges(self) -> None:
        for name, place in self.places.items():
            certain = self.taken(place)
            for other in sorted(place.needs):
                if other in self.places and self.places[other].loop not in ("", place.loop):
                    self.say(f"{name} needs {other}, which stands in a loop")
                outer = self.places[place.loop].needs if place.loop else {other}
                if place.loop and self.places[other].loop != place.loop and other not in outer:
                    self.say(f"{name} needs {other}, for which its loop does not wait")
                if other in self.places and not self.taken(self.places[other]) <= certain:
                    self.say(f"{name} needs {other}, which may not have run")
        state: dict[str, int] = {}
        for start in sorted(self.places):
            stack = [(start, iter(self.before(start)))]
            while stack:
                name, rest = stack[-1]
                state[name] = 1
                following = next(rest, None)
                if following is None:
                    state[name] = 2
                    stack.pop()
                elif state.get(following) == 1:
                    self.say(f"{following} waits for itself")
                    return
                elif following not in state:
                    stack.append((following, iter(self.before(following))))

    def taken(self, place: Place) -> set[str]:
        """What is known to hold where a step stands: conditions, and the side taken.

        One gate may be several Condition steps; they hold together, for their conditions are the
        same.
        """
        return {
            json.dumps([self.places[fork].step["Arguments"]["Conditions"], side], sort_keys=True)
            for fork, side in place.path
            if side != "ForEachBody"
        }

    def before(self, name: str) -> list[str]:
        """The steps that must be done before a step."""
        place = self.places[name]
        around = [place.path[-1][0]] if place.path else []
        return sorted(other for other in {*place.needs, *around} if other in self.places)


def is_reference(node: Any) -> bool:
    """Whether a piece of JSON is filled in by the service."""
    return isinstance(node, dict) and len(node) == 1 and set(node) <= {
        "Get", "Std:Join", "Std:JsonGet",
    }  # fmt: skip


def walk(
    steps: list[dict[str, Any]], path: tuple[tuple[str, str], ...] = ()
) -> Iterator[tuple[dict[str, Any], tuple[tuple[str, str], ...]]]:
    """Every step with the branches and loops around it, outermost first."""
    for step in steps:
        yield step, path
        if step.get("Type") == "Condition":
            for side in ("IfSteps", "ElseSteps"):
                yield from walk(step["Arguments"][side], (*path, (step["Name"], side)))
        elif step.get("Type") == "ForEach":
            yield from walk(
                step["Arguments"]["ForEachBody"], (*path, (step["Name"], "ForEachBody"))
            )


def complaints(definition: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a definition."""
    return Judge(definition).run()


def graph(definition: dict[str, Any]) -> dict[str, set[str]]:
    """The steps that each step waits for, directly."""
    judge = Judge(definition)
    judge.run()
    return {name: set(judge.before(name)) for name in judge.places}
