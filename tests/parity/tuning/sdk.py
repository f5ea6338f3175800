"""Tuning and choosing the best model, as it is written with the SageMaker SDK.

After the notebook "SageMaker Pipelines Tuning Step" of
https://github.com/aws/amazon-sagemaker-examples, with a second tuning that learns from the first, and
one of two algorithms whose best model is registered behind a scaler, as an inference pipeline.
"""

from offline_session import session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.parameter import ContinuousParameter
from sagemaker.pipeline import PipelineModel
from sagemaker.tuner import HyperparameterTuner, WarmStartConfig, WarmStartTypes
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import CacheConfig, TuningStep

sagemaker_session = session()
role = "arn:aws:iam::111122223333:role/pipelines"
xgboost = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"

train_data = ParameterString(name="TrainData", default_value="s3://my-bucket/train")
scaler_data = ParameterString(name="Scaler", default_value="s3://my-bucket/scaler/model.tar.gz")
report = ParameterString(name="Report", default_value="s3://my-bucket/evaluation.json")
validation_data = ParameterString(name="ValidationData", default_value="s3://my-bucket/validation")
threshold = ParameterFloat(name="RmseThreshold", default_value=2.5)
approval = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")

channels = {
    "train": TrainingInput(s3_data=train_data, content_type="text/csv"),
    "validation": TrainingInput(s3_data=validation_data, content_type="text/csv"),
}


def tuner(output, **more):
    estimator = Estimator(
        image_uri=xgboost,
        instance_type="ml.m5.xlarge",
        instance_count=1,
        output_path=f"s3://my-bucket/{output}",
        role=role,
        sagemaker_session=sagemaker_session,
        disable_profiler=True,
    )
    estimator.set_hyperparameters(eval_metric="rmse", objective="reg:squarederror", num_round=50)
    return HyperparameterTuner(
        estimator,
        objective_metric_name="validation:rmse",
        objective_type="Minimize",
        hyperparameter_ranges={
            "alpha": ContinuousParameter(0, 1000),
            "lambda": ContinuousParameter(0.01, 10, scaling_type="Logarithmic"),
        },
        strategy="Random",
        max_jobs=3,
        max_parallel_jobs=3,
        **more,
    )


tune = TuningStep(
    name="HPTuning",
    step_args=tuner("tuning").fit(inputs=channels),
    cache_config=CacheConfig(enable_caching=True, expire_after="P30D"),
)
again = TuningStep(
    name="HPTuningWarmStart",
    step_args=tuner(
        "tuning-again",
        warm_start_config=WarmStartConfig(
            WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM,
            parents={tune.properties.HyperParameterTuningJobName},
        ),
    ).fit(inputs=channels),
)

best = Model(
    image_uri=xgboost,
    model_data=again.get_top_model_s3_uri(top_k=0, s3_bucket="my-bucket", prefix="tuning-again"),
    role=role,
    sagemaker_session=sagemaker_session,
)
register = ModelStep(
    name="BestModel",
    step_args=best.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.xlarge"],
        transform_instances=["ml.m5.xlarge"],
        model_package_group_name="AbaloneTuned",
        approval_status=approval,
    ),
)
good = ConditionStep(
    name="RmseCond",
    conditions=[
        ConditionLessThanOrEqualTo(
            left=(
                again.properties.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value
            ),
            right=threshold,
        )
    ],
    if_steps=[register],
    else_steps=[],
)

linear = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"


def candidate(image, **hyperparameters):
    estimator = Estimator(
        image_uri=image,
        instance_type="ml.m5.xlarge",
        instance_count=1,
        output_path="s3://my-bucket/chosen",
        role=role,
        sagemaker_session=sagemaker_session,
        disable_profiler=True,
    )
    estimator.set_hyperparameters(**hyperparameters)
    return estimator


choose = TuningStep(
    name="Choose",
    step_args=HyperparameterTuner.create(
        estimator_dict={
            "xgboost": candidate(xgboost, objective="reg:squarederror", num_round=50),
            "linear": candidate(linear, predictor_type="regressor"),
        },
        objective_metric_name_dict={
            "xgboost": "validation:rmse",
            "linear": "validation:objective_loss",
        },
        hyperparameter_ranges_dict={
            "xgboost": {"eta": ContinuousParameter(0.01, 0.5)},
            "linear": {"learning_rate": ContinuousParameter(0.0001, 0.1)},
        },
        objective_type="Minimize",
        max_jobs=20,
        max_parallel_jobs=2,
        warm_start_config=WarmStartConfig(
            WarmStartTypes.TRANSFER_LEARNING, parents={"churn-2026-11"}
        ),
    ).fit(inputs={"xgboost": channels, "linear": channels}, include_cls_metadata={}),
)
scaler = Model(
    image_uri="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    model_data=scaler_data,
    env={"SAGEMAKER_PROGRAM": "scale.py"},
    role=role,
    sagemaker_session=sagemaker_session,
)
winner = Model(
    image_uri=xgboost,
    model_data=choose.get_top_model_s3_uri(top_k=0, s3_bucket="my-bucket", prefix="chosen"),
    role=role,
    sagemaker_session=sagemaker_session,
)
behind_scaler = ModelStep(
    name="BehindScaler",
    step_args=PipelineModel(
        models=[scaler, winner], role=role, sagemaker_session=sagemaker_session
    ).register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.xlarge"],
        transform_instances=["ml.m5.xlarge"],
        model_package_group_name="AbaloneBehindScaler",
        approval_status=approval,
        customer_metadata_properties={"team": "shellfish"},
        model_metrics=ModelMetrics(
            model_statistics=MetricsSource(s3_uri=report, content_type="application/json")
        ),
    ),
)

pipeline = Pipeline(
    name="TuningPipeline",
    parameters=[train_data, validation_data, scaler_data, report, threshold, approval],
    steps=[tune, again, good, choose, behind_scaler],
    sagemaker_session=sagemaker_session,
)
