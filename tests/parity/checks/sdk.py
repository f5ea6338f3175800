"""Checks of data and model against baselines, as they are written with the SageMaker SDK.

After the notebook "SageMaker Pipelines integration with Model Monitor and Clarify" of
https://github.com/aws/amazon-sagemaker-examples.
"""

from offline_session import session
from sagemaker.clarify import (
    BiasConfig,
    DataConfig,
    ModelConfig,
    ModelPredictedLabelConfig,
    SHAPConfig,
)
from sagemaker.drift_check_baselines import DriftCheckBaselines
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.model_monitor import DatasetFormat
from sagemaker.workflow.check_job_config import CheckJobConfig
from sagemaker.workflow.clarify_check_step import (
    ClarifyCheckStep,
    DataBiasCheckConfig,
    ModelBiasCheckConfig,
    ModelExplainabilityCheckConfig,
)
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterBoolean, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.quality_check_step import (
    DataQualityCheckConfig,
    ModelQualityCheckConfig,
    QualityCheckStep,
)
from sagemaker.workflow.steps import CacheConfig

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
xgboost = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
group = "AbaloneChecked"

train_data = ParameterString(name="TrainData", default_value="s3://my-bucket/train.csv")
predictions = ParameterString(name="Predictions", default_value="s3://my-bucket/predictions.csv")
model_data = ParameterString(name="ModelData", default_value="s3://my-bucket/model.tar.gz")
approval = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")
skip = ParameterBoolean(name="SkipChecks", default_value=False)

job = CheckJobConfig(
    role=role,
    instance_count=1,
    instance_type="ml.m5.xlarge",
    volume_size_in_gb=60,
    sagemaker_session=sagemaker_session,
)
data_quality = QualityCheckStep(
    name="DataQualityCheck",
    check_job_config=job,
    quality_check_config=DataQualityCheckConfig(
        baseline_dataset=train_data,
        dataset_format=DatasetFormat.csv(header=False),
        output_s3_uri="s3://my-bucket/data-quality",
    ),
    skip_check=skip,
    fail_on_violation=True,
    register_new_baseline=True,
    model_package_group_name=group,
    cache_config=CacheConfig(enable_caching=True, expire_after="P30D"),
)
data_config = DataConfig(
    s3_data_input_path=train_data,
    s3_output_path="s3://my-bucket/bias",
    s3_analysis_config_output_path="s3://my-bucket/bias/config",
    label=0,
    dataset_type="text/csv",
)
bias = BiasConfig(
    label_values_or_threshold=[15.0], facet_name=[8], facet_values_or_threshold=[[0.5]]
)
data_bias = ClarifyCheckStep(
    name="DataBiasCheck",
    check_job_config=job,
    clarify_check_config=DataBiasCheckConfig(data_config=data_config, data_bias_config=bias),
    skip_check=skip,
    register_new_baseline=True,
    model_package_group_name=group,
)
model = Model(
    image_uri=xgboost, model_data=model_data, role=role, sagemaker_session=sagemaker_session
)
create = ModelStep(name="Create", step_args=model.create(instance_type="ml.m5.xlarge"))
model_quality = QualityCheckStep(
    name="ModelQualityCheck",
    check_job_config=job,
    quality_check_config=ModelQualityCheckConfig(
        baseline_dataset=predictions,
        dataset_format=DatasetFormat.csv(header=False),
        output_s3_uri="s3://my-bucket/model-quality",
        problem_type="Regression",
        inference_attribute="_c0",
        ground_truth_attribute="_c1",
    ),
    skip_check=skip,
    register_new_baseline=True,
    model_package_group_name=group,
)
model_config = ModelConfig(
    model_name=create.properties.ModelName, instance_count=1, instance_type="ml.m5.xlarge"
)
model_bias = ClarifyCheckStep(
    name="ModelBiasCheck",
    check_job_config=job,
    clarify_check_config=ModelBiasCheckConfig(
        data_config=DataConfig(
            s3_data_input_path=train_data,
            s3_output_path="s3://my-bucket/model-bias",
            s3_analysis_config_output_path="s3://my-bucket/model-bias/config",
            label=0,
            dataset_type="text/csv",
        ),
        data_bias_config=bias,
        model_config=model_config,
        model_predicted_label_config=ModelPredictedLabelConfig(),
    ),
    skip_check=skip,
    register_new_baseline=True,
    model_package_group_name=group,
)
explainability = ClarifyCheckStep(
    name="ExplainabilityCheck",
    check_job_config=job,
    clarify_check_config=ModelExplainabilityCheckConfig(
        data_config=DataConfig(
            s3_data_input_path=train_data,
            s3_output_path="s3://my-bucket/explainability",
            s3_analysis_config_output_path="s3://my-bucket/explainability/config",
            label=0,
            dataset_type="text/csv",
        ),
        model_config=model_config,
        explainability_config=SHAPConfig(seed=123, num_samples=10),
    ),
    skip_check=skip,
    register_new_baseline=True,
    model_package_group_name=group,
    depends_on=[model_bias],
)


def source(uri):
    return MetricsSource(s3_uri=uri, content_type="application/json")


register = ModelStep(
    name="Register",
    step_args=model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name=group,
        approval_status=approval,
        customer_metadata_properties={"team": "shellfish"},
        model_metrics=ModelMetrics(
            model_data_statistics=source(data_quality.properties.CalculatedBaselineStatistics),
            model_data_constraints=source(data_quality.properties.CalculatedBaselineConstraints),
            bias_pre_training=source(data_bias.properties.CalculatedBaselineConstraints),
            model_statistics=source(model_quality.properties.CalculatedBaselineStatistics),
            model_constraints=source(model_quality.properties.CalculatedBaselineConstraints),
            bias_post_training=source(model_bias.properties.CalculatedBaselineConstraints),
            explainability=source(explainability.properties.CalculatedBaselineConstraints),
        ),
        drift_check_baselines=DriftCheckBaselines(
            model_data_statistics=source(
                data_quality.properties.BaselineUsedForDriftCheckStatistics
            ),
            model_data_constraints=source(
                data_quality.properties.BaselineUsedForDriftCheckConstraints
            ),
            bias_pre_training_constraints=source(
                data_bias.properties.BaselineUsedForDriftCheckConstraints
            ),
            model_statistics=source(model_quality.properties.BaselineUsedForDriftCheckStatistics),
            model_constraints=source(model_quality.properties.BaselineUsedForDriftCheckConstraints),
            bias_post_training_constraints=source(
                model_bias.properties.BaselineUsedForDriftCheckConstraints
            ),
            explainability_constraints=source(
                explainability.properties.BaselineUsedForDriftCheckConstraints
            ),
        ),
    ),
)

pipeline = Pipeline(
    name="ChecksPipeline",
    parameters=[train_data, predictions, model_data, approval, skip],
    steps=[data_quality, data_bias, create, model_quality, model_bias, explainability, register],
    sagemaker_session=sagemaker_session,
)
