"""The lab that fine-tunes BERT on customer reviews, as it is written with the SageMaker SDK.

After the pipeline of "Practical Data Science on AWS" (chapter 10 of Data Science on AWS, O'Reilly
2021), in the SDK's words of today: https://github.com/data-science-on-aws.  The transform job that
rates the unrated reviews is ours.
"""

from offline_session import session
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.tensorflow import TensorFlow
from sagemaker.transformer import Transformer
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
serving_image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.3.1-cpu"
cache = CacheConfig(enable_caching=True, expire_after="P30D")

input_data = ParameterString(name="InputData", default_value="s3://my-bucket/reviews")
unrated = ParameterString(name="BatchData", default_value="s3://my-bucket/unrated")
processing_count = ParameterInteger(name="ProcessingInstanceCount", default_value=1)
processing_type = ParameterString(name="ProcessingInstanceType", default_value="ml.c5.2xlarge")
train_share = ParameterFloat(name="TrainSplitPercentage", default_value=0.9)
max_length = ParameterInteger(name="MaxSeqLength", default_value=64)
train_type = ParameterString(name="TrainInstanceType", default_value="ml.c5.9xlarge")
epochs = ParameterInteger(name="Epochs", default_value=1)
learning_rate = ParameterFloat(name="LearningRate", default_value=0.00001)
min_accuracy = ParameterFloat(name="MinAccuracyValue", default_value=0.2)
approval = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")

processor = SKLearnProcessor(
    framework_version="0.23-1",
    role=role,
    instance_type=processing_type,
    instance_count=processing_count,
    env={"AWS_DEFAULT_REGION": "us-east-1"},
    sagemaker_session=sagemaker_session,
)
prepare = ProcessingStep(
    name="Processing",
    step_args=processor.run(
        code="s3://my-bucket/code/preprocess.py",
        inputs=[
            ProcessingInput(
                input_name="raw-input-data",
                source=input_data,
                destination="/opt/ml/processing/input/data/",
                s3_data_distribution_type="ShardedByS3Key",
            )
        ],
        outputs=[
            ProcessingOutput(
                output_name=f"bert-{split}",
                source=f"/opt/ml/processing/output/bert/{split}",
            )
            for split in ("train", "validation", "test")
        ],
        arguments=[
            "--train-split-percentage", train_share.to_string(),
            "--max-seq-length", max_length.to_string(),
        ],
    ),
    cache_config=cache,
)  # fmt: skip
splits = prepare.properties.ProcessingOutputConfig.Outputs

estimator = TensorFlow(
    entry_point="tf_bert_reviews.py",
    source_dir="s3://my-bucket/code/source.tar.gz",
    role=role,
    instance_count=1,
    instance_type=train_type,
    volume_size=1024,
    py_version="py37",
    framework_version="2.3.1",
    hyperparameters={
        "epochs": epochs,
        "learning_rate": learning_rate,
        "max_seq_length": max_length,
    },
    metric_definitions=[
        {"Name": "validation:accuracy", "Regex": "val_accuracy: ([0-9\\.]+)"},
    ],
    output_path="s3://my-bucket/models",
    input_mode="File",
    model_dir="/opt/ml/model",  # without it the SDK writes the time into what the cache goes by
    sagemaker_session=sagemaker_session,
)
train = TrainingStep(
    name="Train",
    step_args=estimator.fit(
        inputs={
            split: TrainingInput(
                s3_data=splits[f"bert-{split}"].S3Output.S3Uri, content_type="text/csv"
            )
            for split in ("train", "validation", "test")
        }
    ),
    cache_config=cache,
)
artifacts = train.properties.ModelArtifacts.S3ModelArtifacts

report = PropertyFile(name="EvaluationReport", output_name="metrics", path="evaluation.json")
evaluate = ProcessingStep(
    name="Evaluation",
    step_args=processor.run(
        code="s3://my-bucket/code/evaluate_model_metrics.py",
        inputs=[
            ProcessingInput(
                input_name="model", source=artifacts, destination="/opt/ml/processing/input/model"
            ),
            ProcessingInput(
                input_name="test",
                source=splits["bert-test"].S3Output.S3Uri,
                destination="/opt/ml/processing/input/data",
            ),
        ],
        outputs=[
            ProcessingOutput(output_name="metrics", source="/opt/ml/processing/output/metrics")
        ],
        arguments=["--max-seq-length", max_length.to_string()],
    ),
    property_files=[report],
)

model = Model(
    image_uri=serving_image, model_data=artifacts, role=role, sagemaker_session=sagemaker_session
)
metrics = evaluate.properties.ProcessingOutputConfig.Outputs["metrics"].S3Output.S3Uri
register = ModelStep(
    name="RegisterModel",
    step_args=model.register(
        content_types=["application/jsonlines"],
        response_types=["application/jsonlines"],
        inference_instances=["ml.m5.4xlarge"],
        transform_instances=["ml.m5.4xlarge"],
        model_package_group_name="BERT-Reviews",
        approval_status=approval,
        model_metrics=ModelMetrics(
            model_statistics=MetricsSource(
                s3_uri=Join(on="/", values=[metrics, "evaluation.json"]),
                content_type="application/json",
            )
        ),
    ),
)
create = ModelStep(name="CreateModel", step_args=model.create(instance_type="ml.m5.4xlarge"))
transformer = Transformer(
    model_name=create.properties.ModelName,
    instance_count=1,
    instance_type="ml.c5.2xlarge",
    strategy="MultiRecord",
    assemble_with="Line",
    accept="application/jsonlines",
    output_path="s3://my-bucket/predictions",
    sagemaker_session=sagemaker_session,
)
transform = TransformStep(
    name="Transform",
    step_args=transformer.transform(
        data=unrated, content_type="application/jsonlines", split_type="Line"
    ),
)

accurate = ConditionStep(
    name="AccuracyCondition",
    conditions=[
        ConditionGreaterThanOrEqualTo(
            left=JsonGet(
                step_name=evaluate.name,
                property_file=report,
                json_path="metrics.accuracy.value",
            ),
            right=min_accuracy,
        )
    ],
    if_steps=[register, create, transform],
    else_steps=[],
)

pipeline = Pipeline(
    name="BERT-pipeline",
    parameters=[
        input_data, unrated, processing_count, processing_type, train_share, max_length, train_type,
        epochs, learning_rate, min_accuracy, approval,
    ],
    steps=[prepare, train, evaluate, accurate],
    sagemaker_session=sagemaker_session,
)  # fmt: skip
