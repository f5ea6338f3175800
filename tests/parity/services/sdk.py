"""Steps of other services and for serving, as they are written with the SageMaker SDK.

After the notebooks "SageMaker Pipelines EMR Step" and "SageMaker Pipelines AutoML Step" of
https://github.com/aws/amazon-sagemaker-examples, and the examples in the SDK's own
`workflow/endpoint_step.py`, `inference_component_step.py` and `lineage_step.py`.
"""

from offline_session import session
from sagemaker.automl.automl import AutoML, AutoMLInput
from sagemaker.lineage.artifact import Artifact
from sagemaker.workflow.automl_step import AutoMLStep
from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig
from sagemaker.workflow.endpoint_step import EndpointConfigStep, EndpointStep
from sagemaker.workflow.inference_component_step import InferenceComponentStep
from sagemaker.workflow.lineage_step import (
    LineageAssociation,
    LineageEntityReference,
    LineageStep,
)
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import CacheConfig

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"

cluster = ParameterString(name="Cluster", default_value="j-1ABCDEFGHIJKL")
reviews = ParameterString(name="Reviews", default_value="s3://my-bucket/reviews")
train_data = ParameterString(name="TrainData", default_value="s3://my-bucket/train.csv")


def spark(script, data, result, *more):
    return EMRStepConfig(
        jar="command-runner.jar",
        args=["spark-submit", script, "--data", data, "--result", result, *more],
    )


count = EMRStep(
    name="CountWords",
    display_name=None,
    description=None,
    cluster_id=cluster,
    step_config=spark("s3://my-bucket/code/count.py", reviews, "s3://my-bucket/counted"),
    cache_config=CacheConfig(enable_caching=True, expire_after="P7D"),
)
sort = EMRStep(
    name="SortWords",
    display_name=None,
    description=None,
    cluster_id=None,
    cluster_config={
        "ReleaseLabel": "emr-7.9.0",
        "Applications": [{"Name": "Spark"}],
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "ServiceRole": "EMR_DefaultRole",
        "Instances": {
            "InstanceGroups": [
                {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
                {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 2},
            ]
        },
    },
    step_config=spark(
        "s3://my-bucket/code/sort.py",
        count.properties.Config.Args[5],
        "s3://my-bucket/sorted",
        '--options={"descending":true}',
    ),
)

auto_ml = AutoML(
    role=role,
    target_attribute_name="label",
    mode="ENSEMBLING",
    problem_type="BinaryClassification",
    job_objective={"MetricName": "F1"},
    total_job_runtime_in_seconds=3600,
    output_path="s3://my-bucket/autopilot",
    sagemaker_session=sagemaker_session,
)
search = AutoMLStep(
    name="Search",
    step_args=auto_ml.fit(
        inputs=[
            AutoMLInput(inputs=train_data, target_attribute_name="label", channel_type="training"),
            AutoMLInput(
                inputs="s3://my-bucket/validation.csv",
                target_attribute_name="label",
                channel_type="validation",
            ),
        ]
    ),
)
best = search.get_best_auto_ml_model(role, sagemaker_session=sagemaker_session)
create = ModelStep(name="Best", step_args=best.create(instance_type="ml.m5.xlarge"))
configure = EndpointConfigStep(
    name="Configure",
    step_args=sagemaker_session.create_endpoint_config(
        name="shared",
        model_name=create.properties.ModelName,
        initial_instance_count=1,
        instance_type="ml.m5.2xlarge",
    ),
)
serve = EndpointStep(
    name="Serve",
    step_args=sagemaker_session.create_endpoint(
        endpoint_name="shared", config_name=configure.properties.EndpointConfigName
    ),
)
place = InferenceComponentStep(
    name="Place",
    step_args=sagemaker_session.create_inference_component(
        inference_component_name="best",
        endpoint_name=serve.properties.EndpointName,
        variant_name="AllTraffic",
        specification={
            "ModelName": create.properties.ModelName,
            "ComputeResourceRequirements": {
                "MinMemoryRequiredInMb": 4096,
                "NumberOfCpuCoresRequired": 1,
            },
        },
        runtime_config={"CopyCount": 1},
    ),
)
record = LineageStep(
    name="Record",
    artifacts=[
        Artifact.create(
            artifact_name="model",
            artifact_type="Model",
            source_uri="s3://my-bucket/model.tar.gz",
            properties={"note": "of today"},
            sagemaker_session=sagemaker_session,
        ),
        Artifact.create(
            artifact_name="data",
            artifact_type="DataSet",
            source_uri=train_data,
            sagemaker_session=sagemaker_session,
        ),
    ],
    associations=[
        LineageAssociation(
            source=LineageEntityReference(name="data", type="Artifact"),
            destination=LineageEntityReference(name="model", type="Artifact"),
            association_type="ContributedTo",
        )
    ],
)

pipeline = Pipeline(
    name="ServicesPipeline",
    parameters=[cluster, reviews, train_data],
    steps=[count, sort, search, create, configure, serve, place, record],
    sagemaker_session=sagemaker_session,
)
