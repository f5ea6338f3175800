"""The step kinds of SageMaker Pipelines: what their arguments are, and what stands beside them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from isodag.diagnostics import suggest


@dataclass(frozen=True)
class Kind:
    """A step kind.

    request    shape of its `Arguments`: a request of an API, or one of `further.py`
    beside     shape of the members beside `Arguments`; empty where there are none
    nulls      those of them that the SDK writes as null where they are not set
    describe   shapes that `Steps.<step>.<path>` walks, the first that has the member wins
    named      request member that the service fills itself: never emitted
    refused    request members that the pipeline service rejects
    optional   members that the API requires but a pipeline step need not give
    machine    where the request says what it runs on; empty: it has no machines of its own
    cacheable  takes `CacheConfig`
    retryable  takes `RetryPolicies` with `Step.*` causes
    causes     the `SageMaker.*` causes it may be retried on
    known      whether its shapes are; nothing of another is checked

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html,
    …/pipelines-retry-policy.html and …/pipelines-caching.html; the SDK's workflow/steps.py for
    the members that it drops.
    """

    name: str
    request: str
    describe: tuple[str, ...]
    named: str = ""
    refused: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()
    cacheable: bool = False
    retryable: bool = False
    causes: tuple[str, ...] = ()
    beside: str = ""
    nulls: tuple[str, ...] = ()
    known: bool = True


ANYTHING = "Anything"  # the shape of JSON that nobody checks
_JOB = ("SageMaker.CAPACITY_ERROR", "SageMaker.JOB_INTERNAL_ERROR")
_OWN_RETRIES = ("SageMaker.CAPACITY_ERROR",)  # Tuning and AutoML retry internal errors themselves

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "Processing", "CreateProcessingJobRequest",
            ("DescribeProcessingJobResponse", "PropertyFilesAnswer"),
            named="ProcessingJobName", machine=("ProcessingResources", "ClusterConfig"),
            cacheable=True, retryable=True, causes=_JOB, beside="ProcessingMembers",
        ),
        Kind(
            "Training", "CreateTrainingJobRequest", ("DescribeTrainingJobResponse",),
            named="TrainingJobName", machine=("ResourceConfig",),
            cacheable=True, retryable=True, causes=_JOB,
        ),
        Kind(
            "Transform", "CreateTransformJobRequest", ("DescribeTransformJobResponse",),
            named="TransformJobName", machine=("TransformResources",),
            cacheable=True, retryable=True, causes=_JOB,
        ),
        Kind(
            "Tuning", "CreateHyperParameterTuningJobRequest",
            ("DescribeHyperParameterTuningJobResponse",
             "ListTrainingJobsForHyperParameterTuningJobResponse"),
            named="HyperParameterTuningJobName", cacheable=True, retryable=True,
            causes=_OWN_RETRIES,
        ),
        Kind(
            "AutoML", "CreateAutoMLJobRequest", ("DescribeAutoMLJobResponse", "AutoMLAnswer"),
            named="AutoMLJobName",
            refused=("ModelDeployConfig", "GenerateCandidateDefinitionsOnly"),
            cacheable=True, retryable=True, causes=_OWN_RETRIES,
        ),
        Kind(
            "Model", "CreateModelInput", ("DescribeModelOutput",),
            named="ModelName", retryable=True,
        ),
        Kind(
            "RegisterModel", "CreateModelPackageInput", ("DescribeModelPackageOutput",),
            named="ModelPackageName", refused=("CertifyForMarketplace", "ClientToken"),
            retryable=True,
        ),
        Kind(
            "EndpointConfig", "CreateEndpointConfigInput", ("DescribeEndpointConfigOutput",),
            optional=("EndpointConfigName",), cacheable=True, retryable=True,
        ),
        Kind(
            "Endpoint", "CreateEndpointInput", ("DescribeEndpointOutput",), cacheable=True,
        ),
        Kind(
            "InferenceComponent", "CreateInferenceComponentInput",
            ("DescribeInferenceComponentOutput",),
        ),
        Kind("Lambda", ANYTHING, ("StepOutputs",), beside="LambdaMembers", cacheable=True),
        Kind("Callback", ANYTHING, ("StepOutputs",), beside="CallbackMembers", cacheable=True),
        Kind(
            "QualityCheck", "CreateProcessingJobRequest", ("QualityCheckAnswer",),
            named="ProcessingJobName", machine=("ProcessingResources", "ClusterConfig"),
            cacheable=True, retryable=True, causes=_JOB, beside="QualityCheckMembers",
            nulls=("ModelPackageGroupName", "SuppliedBaselineStatistics",
                   "SuppliedBaselineConstraints"),
        ),
        Kind(
            "ClarifyCheck", "CreateProcessingJobRequest", ("ClarifyCheckAnswer",),
            named="ProcessingJobName", machine=("ProcessingResources", "ClusterConfig"),
            cacheable=True, retryable=True, causes=_JOB, beside="ClarifyCheckMembers",
            nulls=("ModelPackageGroupName", "SuppliedBaselineConstraints"),
        ),
        Kind("EMR", "EMRArguments", ("emr:Step", "EMRAnswer"), cacheable=True, retryable=True),
        Kind(
            "EMRServerless", "EMRServerlessArguments", ("emr-serverless:GetJobRunResponse",),
            cacheable=True, retryable=True,
        ),
        Kind("Lineage", "LineageArguments", ("LineageAnswer",)),
        Kind("Cleanup", "CleanupArguments", ()),
        Kind(
            "Job", "CreateJobRequest", ("DescribeJobResponse",), named="JobName",
            cacheable=True, retryable=True,
        ),
    )
}  # fmt: skip
# kinds that the language writes itself, and the word for each
CONSTRUCTS = {"Condition": "when", "Fail": "fail", "ForEach": "foreach"}
GENERATED = ("Processing", "Training")  # kinds whose requests are made from the component itself

CREATE_PIPELINE = "CreatePipelineRequest"


def find(name: str) -> Kind:
    """The kind of that name; one whose shapes nobody knows where it is new to us."""
    return KINDS.get(name) or Kind(name, ANYTHING, (ANYTHING,), beside=ANYTHING, known=False)


def refusal(name: str) -> str | None:
    """The way out where a binding cannot be a step of that kind; None where it can.

    A name a letter or two away from a kind's is a slip; one further away is a kind that is new.
    """
    if name in CONSTRUCTS:
        return f"write `{CONSTRUCTS[name]}:` in the definition"
    near = suggest(name, (*KINDS, *CONSTRUCTS)) if name not in KINDS else None
    if near is None:
        return None
    matched = difflib.SequenceMatcher(None, name.lower(), near.lower(), autojunk=False)
    return f"did you mean `{near}`?" if matched.ratio() >= 0.8 else None
