"""The step kinds of SageMaker Pipelines whose arguments are one request of the SageMaker API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A step kind.

    request    service-model shape of its `Arguments`
    describe   shapes that `Steps.<step>.<path>` walks, the first that has the member wins
    named      request member that the service fills itself: never emitted
    refused    request members that the pipeline service rejects
    optional   members that the API requires but a pipeline step need not give
    machine    where the request says what it runs on; empty: it has no machines of its own
    cacheable  takes `CacheConfig`
    retryable  takes `RetryPolicies` with `Step.*` causes
    causes     the `SageMaker.*` causes it may be retried on

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


_JOB = ("SageMaker.CAPACITY_ERROR", "SageMaker.JOB_INTERNAL_ERROR")
_OWN_RETRIES = ("SageMaker.CAPACITY_ERROR",)  # Tuning and AutoML retry internal errors themselves

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "Processing", "CreateProcessingJobRequest", ("DescribeProcessingJobResponse",),
            named="ProcessingJobName", machine=("ProcessingResources", "ClusterConfig"),
            cacheable=True, retryable=True, causes=_JOB,
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
            "AutoML", "CreateAutoMLJobRequest", ("DescribeAutoMLJobResponse",),
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
    )
}  # fmt: skip
GENERATED = ("Processing", "Training")  # kinds whose requests are made from the component itself

CREATE_PIPELINE = "CreatePipelineRequest"
