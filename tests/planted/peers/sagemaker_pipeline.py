"""The correct pipeline as one writes it with the SageMaker SDK; run as a program, it compiles."""

import sys

from offline_session import session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/reviews"
registry = "111122223333.dkr.ecr.us-east-1.amazonaws.com/reviews"
cache = CacheConfig(enable_caching=True, expire_after="P30D")

reviews = ParameterString(name="reviews")
max_length = ParameterInteger(name="max_length", default_value=128)
learning_rate = ParameterFloat(name="learning_rate", default_value=5e-5)
encoder = ParameterString(name="encoder", default_value="small", enum_values=["small", "base"])
min_accuracy = ParameterFloat(name="min_accuracy", default_value=0.8)
approval = ParameterString(name="approval", default_value="PendingManualApproval")
train_instance = ParameterString(name="train_instance", default_value="ml.c5.4xlarge")

prepare_processor = Processor(
    role=role,
    image_uri=f"{registry}/base:1.2.0",
    instance_count=1,
    instance_type="ml.m5.xlarge",
    volume_size_in_gb=30,
    entrypoint=["python3", "prepare.py"],
    sagemaker_session=sagemaker_session,
)
prepare = ProcessingStep(
    name="prepare",
    step_args=prepare_processor.run(
        inputs=[
            ProcessingInput(
                input_name="reviews", source=reviews, destination="/opt/ml/processing/input/reviews"
            ),
        ],
        outputs=[
            ProcessingOutput(output_name="train", source="/opt/ml/processing/output/train"),
            ProcessingOutput(output_name="validation", source="/opt/ml/processing/output/valid"),
            ProcessingOutput(output_name="test", source="/opt/ml/processing/output/test"),
        ],
        arguments=["--max_length", max_length.to_string(), "--test_share", "0.2"],
    ),
    cache_config=cache,
)

estimator = Estimator(
    image_uri=f"{registry}/train-cpu:2.0.1",
    role=role,
    instance_count=1,
    instance_type=train_instance,
    volume_size=100,
    hyperparameters={"epochs": 5, "learning_rate": learning_rate, "encoder": encoder},
    output_path="s3://reviews-bucket/runs",
    sagemaker_session=sagemaker_session,
)
splits = prepare.properties.ProcessingOutputConfig.Outputs
train = TrainingStep(
    name="train",
    step_args=estimator.fit(
        inputs={
            "train": TrainingInput(s3_data=splits["train"].S3Output.S3Uri),
            "validation": TrainingInput(s3_data=splits["validation"].S3Output.S3Uri),
        },
    ),
    cache_config=cache,
)

evaluate_processor = Processor(
    role=role,
    image_uri=f"{registry}/base:1.2.0",
    instance_count=1,
    instance_type="ml.m5.xlarge",
    entrypoint=["python3", "evaluate.py"],
    sagemaker_session=sagemaker_session,
)
evaluation = PropertyFile(name="evaluation", output_name="report", path="evaluation.json")
evaluate = ProcessingStep(
    name="evaluate",
    step_args=evaluate_processor.run(
        inputs=[
            ProcessingInput(
                input_name="model",
                source=train.properties.ModelArtifacts.S3ModelArtifacts,
                destination="/opt/ml/processing/input/model",
            ),
            ProcessingInput(
                input_name="test",
                source=splits["test"].S3Output.S3Uri,
                destination="/opt/ml/processing/input/test",
            ),
        ],
        outputs=[
            ProcessingOutput(output_name="report", source="/opt/ml/processing/output/report"),
        ],
    ),
    property_files=[evaluation],
    cache_config=cache,
)

model = Model(
    image_uri=f"{registry}/serve:1.0.0",
    model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
    role=role,
    sagemaker_session=sagemaker_session,
)
reports = evaluate.properties.ProcessingOutputConfig.Outputs
metrics = ModelMetrics(
    model_statistics=MetricsSource(
        content_type="application/json",
        s3_uri=Join(on="/", values=[reports["report"].S3Output.S3Uri, "evaluation.json"]),
    )
)
register = ModelStep(
    name="register",
    step_args=model.register(
        content_types=["application/jsonlines"],
        response_types=["application/jsonlines"],
        model_package_group_name="reviews",
        approval_status=approval,
        model_metrics=metrics,
    ),
)

accuracy = JsonGet(step_name=evaluate.name, property_file=evaluation, json_path="metrics.accuracy")
reject = FailStep(
    name="reject",
    error_message=Join(on=" ", values=["accuracy is below", min_accuracy]),
)
good_enough = ConditionStep(
    name="good_enough",
    conditions=[ConditionGreaterThanOrEqualTo(left=accuracy, right=min_accuracy)],
    if_steps=[register],
    else_steps=[reject],
)

pipeline = Pipeline(
    name="reviews",
    parameters=[
        reviews,
        max_length,
        learning_rate,
        encoder,
        min_accuracy,
        approval,
        train_instance,
    ],
    steps=[prepare, train, evaluate, good_enough],
    sagemaker_session=sagemaker_session,
)

with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(pipeline.definition())
