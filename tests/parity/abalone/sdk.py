"""Abalone: AWS's first example of a pipeline, as it is written with the SageMaker SDK.

After the notebook "Orchestrate Jobs to Train and Evaluate Models with Amazon SageMaker Pipelines" of
https://github.com/aws/amazon-sagemaker-examples, with its transform job and its failure.
"""

from offline_session import session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.transformer import Transformer
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import ProcessingStep, TrainingStep, TransformStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
xgboost = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"

processing_count = ParameterInteger(name="ProcessingInstanceCount", default_value=1)
approval = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")
input_data = ParameterString(name="InputData", default_value="s3://my-bucket/abalone.csv")
batch_data = ParameterString(name="BatchData", default_value="s3://my-bucket/abalone-batch")
threshold = ParameterFloat(name="MseThreshold", default_value=6.0)

processor = SKLearnProcessor(
    framework_version="0.23-1",
    instance_type="ml.m5.xlarge",
    instance_count=processing_count,
    role=role,
    sagemaker_session=sagemaker_session,
)
process = ProcessingStep(
    name="AbaloneProcess",
    step_args=processor.run(
        code="s3://my-bucket/code/preprocessing.py",
        inputs=[ProcessingInput(source=input_data, destination="/opt/ml/processing/input")],
        outputs=[
            ProcessingOutput(output_name="train", source="/opt/ml/processing/train"),
            ProcessingOutput(output_name="validation", source="/opt/ml/processing/validation"),
            ProcessingOutput(output_name="test", source="/opt/ml/processing/test"),
        ],
    ),
)
splits = process.properties.ProcessingOutputConfig.Outputs

estimator = Estimator(
    image_uri=xgboost,
    instance_type="ml.m5.xlarge",
    instance_count=1,
    output_path="s3://my-bucket/AbaloneTrain",
    role=role,
    sagemaker_session=sagemaker_session,
)
estimator.set_hyperparameters(
    objective="reg:linear",
    num_round=50,
    max_depth=5,
    eta=0.2,
    gamma=4,
    min_child_weight=6,
    subsample=0.7,
)
train = TrainingStep(
    name="AbaloneTrain",
    step_args=estimator.fit(
        inputs={
            split: TrainingInput(s3_data=splits[split].S3Output.S3Uri, content_type="text/csv")
            for split in ("train", "validation")
        }
    ),
)
artifacts = train.properties.ModelArtifacts.S3ModelArtifacts

evaluator = ScriptProcessor(
    image_uri=xgboost,
    command=["python3"],
    instance_type="ml.m5.xlarge",
    instance_count=1,
    role=role,
    sagemaker_session=sagemaker_session,
)
report = PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")
evaluate = ProcessingStep(
    name="AbaloneEval",
    step_args=evaluator.run(
        code="s3://my-bucket/code/evaluation.py",
        inputs=[
            ProcessingInput(source=artifacts, destination="/opt/ml/processing/model"),
            ProcessingInput(
                source=splits["test"].S3Output.S3Uri, destination="/opt/ml/processing/test"
            ),
        ],
        outputs=[
            ProcessingOutput(output_name="evaluation", source="/opt/ml/processing/evaluation")
        ],
    ),
    property_files=[report],
)

model = Model(
    image_uri=xgboost, model_data=artifacts, role=role, sagemaker_session=sagemaker_session
)
create = ModelStep(name="AbaloneCreateModel", step_args=model.create(instance_type="ml.m5.large"))
transformer = Transformer(
    model_name=create.properties.ModelName,
    instance_type="ml.m5.xlarge",
    instance_count=1,
    output_path="s3://my-bucket/AbaloneTransform",
    sagemaker_session=sagemaker_session,
)
transform = TransformStep(name="AbaloneTransform", step_args=transformer.transform(data=batch_data))

metrics = evaluate.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri
register = ModelStep(
    name="AbaloneRegisterModel",
    step_args=model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.t2.medium", "ml.m5.xlarge"],
        transform_instances=["ml.m5.xlarge"],
        model_package_group_name="AbaloneModelPackageGroupName",
        approval_status=approval,
        model_metrics=ModelMetrics(
            model_statistics=MetricsSource(
                s3_uri=Join(on="/", values=[metrics, "evaluation.json"]),
                content_type="application/json",
            )
        ),
    ),
)
fail = FailStep(
    name="AbaloneMSEFail",
    error_message=Join(on=" ", values=["Execution failed due to MSE >", threshold]),
)
good = ConditionStep(
    name="AbaloneMSECond",
    conditions=[
        ConditionLessThanOrEqualTo(
            left=JsonGet(
                step_name=evaluate.name,
                property_file=report,
                json_path="regression_metrics.mse.value",
            ),
            right=threshold,
        )
    ],
    if_steps=[register, create, transform],
    else_steps=[fail],
)

pipeline = Pipeline(
    name="AbalonePipeline",
    parameters=[processing_count, approval, input_data, batch_data, threshold],
    steps=[process, train, evaluate, good],
    sagemaker_session=sagemaker_session,
)
