"""Caches and retries on every kind of job, as they are written with the SageMaker SDK.

After https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html.
"""

from offline_session import session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.transformer import Transformer
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
registry = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
month = CacheConfig(enable_caching=True, expire_after="P30D")
hour = CacheConfig(enable_caching=True, expire_after="PT1H")
busy = StepRetryPolicy(
    exception_types=[StepExceptionTypeEnum.THROTTLING, StepExceptionTypeEnum.SERVICE_FAULT],
    interval_seconds=10,
    backoff_rate=2.0,
    max_attempts=5,
)
full = SageMakerJobStepRetryPolicy(
    exception_types=[
        SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
        SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
    ],
    interval_seconds=10,
    backoff_rate=2.0,
    max_attempts=5,
)

rows = ParameterString(name="Rows", default_value="s3://my-bucket/rows")

processor = Processor(
    image_uri=f"{registry}/tools:1.0.0",
    role=role,
    instance_count=2,
    instance_type="ml.m5.xlarge",
    volume_size_in_gb=50,
    entrypoint=["/usr/local/bin/prepare"],
    env={"LOG": "info"},
    sagemaker_session=sagemaker_session,
)
prepare = ProcessingStep(
    name="Prepare",
    step_args=processor.run(
        inputs=[
            ProcessingInput(
                input_name="rows", source=rows, destination="/opt/ml/processing/input/rows"
            )
        ],
        outputs=[ProcessingOutput(output_name="clean", source="/opt/ml/processing/output/clean")],
        arguments=[
            "--rows", "/opt/ml/processing/input/rows",
            "--clean", "/opt/ml/processing/output/clean/data",
        ],
    ),
    cache_config=month,
    retry_policies=[busy, full],
)  # fmt: skip

estimator = Estimator(
    image_uri=f"{registry}/trainer:1.0.0",
    role=role,
    instance_count=1,
    instance_type="ml.m5.2xlarge",
    volume_size=100,
    max_run=7200,
    use_spot_instances=True,
    max_wait=10800,
    hyperparameters={"depth": 6},
    output_path="s3://my-bucket/models",
    container_entry_point=["/usr/local/bin/train"],
    sagemaker_session=sagemaker_session,
    disable_profiler=True,
)
train = TrainingStep(
    name="Train",
    step_args=estimator.fit(
        inputs={
            "rows": TrainingInput(
                s3_data=prepare.properties.ProcessingOutputConfig.Outputs["clean"].S3Output.S3Uri
            )
        }
    ),
    cache_config=month,
    retry_policies=[busy, full],
)

model = Model(
    image_uri=f"{registry}/server:1.0.0",
    model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
    role=role,
    sagemaker_session=sagemaker_session,
)
create = ModelStep(name="Create", step_args=model.create(instance_type="ml.m5.xlarge"))
transformer = Transformer(
    model_name=create.properties.ModelName,
    instance_count=1,
    instance_type="ml.m5.xlarge",
    output_path="s3://my-bucket/answers",
    sagemaker_session=sagemaker_session,
)
transform = TransformStep(
    name="Transform",
    step_args=transformer.transform(data=rows, content_type="text/csv", split_type="Line"),
    cache_config=hour,
    depends_on=[prepare],
)

pipeline = Pipeline(
    name="CachingPipeline",
    parameters=[rows],
    steps=[prepare, train, create, transform],
    sagemaker_session=sagemaker_session,
)
