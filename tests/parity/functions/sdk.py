"""A Lambda function and a callback, as they are written with the SageMaker SDK.

After the notebooks "SageMaker Pipelines Lambda Step" and "SageMaker Pipelines Callback Step" of
https://github.com/aws/amazon-sagemaker-examples: the rows are cleaned by somebody who watches a
queue, and the model is put on an endpoint by a function.
"""

from offline_session import session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.lambda_helper import Lambda
from sagemaker.model import Model
from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import CacheConfig, TrainingStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
xgboost = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"

rows = ParameterString(name="Rows", default_value="s3://my-bucket/rows")
limit = ParameterInteger(name="Limit", default_value=1000)
endpoint = ParameterString(name="Endpoint", default_value="churn")

clean = CallbackStep(
    name="CleanRows",
    sqs_queue_url="https://sqs.us-east-1.amazonaws.com/111122223333/cleaning",
    inputs={
        "input_location": rows,
        "limit": limit,
        "run": ExecutionVariables.PIPELINE_EXECUTION_ID,
    },
    outputs=[
        CallbackOutput(output_name="clean_rows", output_type=CallbackOutputTypeEnum.String),
        CallbackOutput(output_name="kept", output_type=CallbackOutputTypeEnum.Integer),
    ],
)

estimator = Estimator(
    image_uri=xgboost,
    role=role,
    instance_count=1,
    instance_type="ml.m5.xlarge",
    output_path="s3://my-bucket/models",
    hyperparameters={"num_round": 50},
    sagemaker_session=sagemaker_session,
    disable_profiler=True,
)
train = TrainingStep(
    name="Train",
    step_args=estimator.fit(
        inputs={
            "train": TrainingInput(
                s3_data=clean.properties.Outputs["clean_rows"], content_type="text/csv"
            )
        }
    ),
)
model = Model(
    image_uri=xgboost,
    model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
    role=role,
    sagemaker_session=sagemaker_session,
)
create = ModelStep(name="Create", step_args=model.create(instance_type="ml.m5.xlarge"))
deploy = LambdaStep(
    name="Deploy",
    lambda_func=Lambda(
        function_arn="arn:aws:lambda:us-east-1:111122223333:function:deploy",
        session=sagemaker_session,
    ),
    inputs={
        "model_name": create.properties.ModelName,
        "endpoint_name": endpoint,
        "rows": clean.properties.Outputs["kept"],
        "instance_type": "ml.m5.large",
    },
    outputs=[
        LambdaOutput(output_name="statusCode", output_type=LambdaOutputTypeEnum.String),
        LambdaOutput(output_name="body", output_type=LambdaOutputTypeEnum.String),
    ],
    cache_config=CacheConfig(enable_caching=True, expire_after="PT1H"),
)
fail = FailStep(
    name="NotDeployed",
    error_message=Join(on=" ", values=["not deployed:", deploy.properties.Outputs["body"]]),
)
deployed = ConditionStep(
    name="Deployed",
    conditions=[ConditionEquals(left=deploy.properties.Outputs["statusCode"], right="200")],
    if_steps=[],
    else_steps=[fail],
)

pipeline = Pipeline(
    name="FunctionsPipeline",
    parameters=[rows, limit, endpoint],
    steps=[clean, train, create, deploy, deployed],
    sagemaker_session=sagemaker_session,
)
