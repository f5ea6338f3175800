"""Shapes that no service model has: what a pipeline's steps take and tell beyond API requests.

In the form of shapes.json.  Sources: the classes of the SageMaker SDK (2.257.7
`workflow/*_step.py`; 3.27.0 for EMRServerless and Cleanup) and
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html.
"""

from __future__ import annotations

from typing import Any

_TEXT, _FLAG = "Text", "Flag"
_FLAGS = {"SkipCheck": _FLAG, "FailOnViolation": _FLAG, "RegisterNewBaseline": _FLAG}
_CHECK = {"CheckType": _TEXT, "ModelPackageGroupName": "ArnOrName", **_FLAGS}
_CHECK_NEEDS = ["CheckType", *_FLAGS]

FURTHER: dict[str, dict[str, Any]] = {
    # anything is JSON of any form, value one value whose type only the step's maker knows
    "Anything": {"t": "anything"},
    "Value": {"t": "value"},
    "Text": {"t": "string"},
    "Flag": {"t": "boolean"},
    "TextMap": {"t": "map", "k": _TEXT, "v": _TEXT},
    # the service model knows no upper limit for a training job, its documentation does: 28 days,
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
    "MaxRuntimeInSeconds": {"t": "integer", "min": 1, "max": 28 * 24 * 3600},
    # Processing: JSON files among its outputs that other steps may look into,
    # https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-propertyfile.html
    "ProcessingMembers": {"t": "structure", "m": {"PropertyFiles": "PropertyFiles"}},
    "PropertyFiles": {"t": "list", "e": "PropertyFile", "min": 1},
    "PropertyFile": {
        "t": "structure",
        "m": {"PropertyFileName": "NameOfStep", "OutputName": "AppOutputName", "FilePath": _TEXT},
        "r": ["FilePath", "OutputName", "PropertyFileName"],
    },
    "AppOutputName": {"t": "string", "max": 64},
    "PropertyFilesAnswer": {"t": "structure", "m": {"PropertyFiles": "PropertyFilesByName"}},
    "PropertyFilesByName": {"t": "map", "k": _TEXT, "v": "Anything"},
    # Lambda and Callback
    "StepOutputs": {"t": "structure", "m": {"OutputParameters": "OutputValues"}},
    "OutputValues": {"t": "map", "k": _TEXT, "v": "Value"},
    "OutputParameters": {"t": "list", "e": "OutputParameterOfStep", "max": 50},
    "OutputParameterOfStep": {
        "t": "structure",
        "m": {"OutputName": "OutputName", "OutputType": "OutputType"},
        "r": ["OutputName", "OutputType"],
    },
    "OutputName": {"t": "string", "min": 1, "max": 256},
    "OutputType": {"t": "string", "enum": ["Boolean", "Float", "Integer", "String"]},
    "LambdaMembers": {
        "t": "structure",
        "m": {"FunctionArn": "FunctionArn", "OutputParameters": "OutputParameters"},
        "r": ["FunctionArn"],
    },
    # https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    "FunctionArn": {
        "t": "string",
        "pattern": r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+"
        r"(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    },
    "CallbackMembers": {
        "t": "structure",
        "m": {"SqsQueueUrl": "SqsQueueUrl", "OutputParameters": "OutputParameters"},
        "r": ["SqsQueueUrl"],
    },
    # service model: CallbackStepMetadata.SqsQueueUrl
    "SqsQueueUrl": {"t": "string", "max": 256, "pattern": r"https?://\S+"},
    # checks against a baseline
    "QualityCheckMembers": {
        "t": "structure",
        "m": _CHECK
        | {
            "CheckType": "QualityCheckType",
            "SuppliedBaselineStatistics": _TEXT,
            "SuppliedBaselineConstraints": _TEXT,
        },
        "r": _CHECK_NEEDS,
    },
    "QualityCheckType": {"t": "string", "enum": ["DATA_QUALITY", "MODEL_QUALITY"]},
    "ClarifyCheckMembers": {
        "t": "structure",
        "m": _CHECK
        | {
            "CheckType": "ClarifyCheckType",
            "SuppliedBaselineConstraints": _TEXT,
            "ModelName": "ModelName",
        },
        "r": _CHECK_NEEDS,
    },
    "ClarifyCheckType": {
        "t": "string",
        "enum": ["DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"],
    },
    "QualityCheckAnswer": {
        "t": "structure",
        "m": {
            "CalculatedBaselineConstraints": _TEXT,
            "CalculatedBaselineStatistics": _TEXT,
            "BaselineUsedForDriftCheckConstraints": _TEXT,
            "BaselineUsedForDriftCheckStatistics": _TEXT,
        },
    },
    "ClarifyCheckAnswer": {
        "t": "structure",
        "m": {
            "CalculatedBaselineConstraints": _TEXT,
            "BaselineUsedForDriftCheckConstraints": _TEXT,
        },
    },
    # AutoML: beside what DescribeAutoMLJob tells
    "AutoMLAnswer": {"t": "structure", "m": {"BestCandidateProperties": "BestCandidateReports"}},
    "BestCandidateReports": {
        "t": "structure",
        "m": {"ModelInsightsJsonReportPath": _TEXT, "ExplainabilityJsonReportPath": _TEXT},
    },
    # EMR: a step names itself, and the cluster that it starts is the service's to end
    "EMRArguments": {
        "t": "structure",
        "m": {
            "ClusterId": "emr:XmlStringMaxLen256",
            "ClusterConfig": "EMRClusterConfig",
            "StepConfig": "EMRStepConfig",
            "ExecutionRoleArn": "RoleArn",
        },
        "r": ["StepConfig"],
    },
    "EMRStepConfig": {
        "t": "structure",
        "m": {"HadoopJarStep": "emr:HadoopJarStepConfig"},
        "r": ["HadoopJarStep"],
    },
    "EMRClusterConfig": {
        "like": "emr:RunJobFlowInput",
        "without": ["Name", "Steps", "AutoTerminationPolicy"],
        "m": {"Instances": "EMRInstances"},
    },
    "EMRInstances": {
        "like": "emr:JobFlowInstancesConfig",
        "without": ["KeepJobFlowAliveWhenNoSteps", "TerminationProtected"],
    },
    "EMRAnswer": {"t": "structure", "m": {"ClusterId": _TEXT}},
    "EMRServerlessArguments": {
        "t": "structure",
        "m": {
            "ExecutionRoleArn": "RoleArn",
            "ApplicationId": "emr-serverless:ApplicationId",
            "ApplicationConfig": "EMRServerlessApplication",
            "JobConfig": "EMRServerlessJob",
        },
        "r": ["ExecutionRoleArn", "JobConfig"],
    },
    "EMRServerlessApplication": {"like": "emr-serverless:CreateApplicationRequest"},
    "EMRServerlessJob": {
        "like": "emr-serverless:StartJobRunRequest",
        "optional": ["applicationId"],  # of the application that the step itself makes
    },
    # Lineage
    "LineageArguments": {
        "t": "structure",
        "m": {
            "Actions": "LineageActions",
            "Artifacts": "LineageArtifacts",
            "Contexts": "LineageContexts",
            "Associations": "LineageAssociations",
        },
    },
    "LineageActions": {"t": "list", "e": "CreateActionRequest"},
    "LineageArtifacts": {"t": "list", "e": "CreateArtifactRequest"},
    "LineageContexts": {"t": "list", "e": "CreateContextRequest"},
    "LineageAssociations": {"t": "list", "e": "LineageAssociation"},
    "LineageAssociation": {
        "t": "structure",
        "m": {
            "Source": "LineageEntity",
            "Destination": "LineageEntity",
            "AssociationType": "AssociationEdgeType",
        },
        "r": ["Destination", "Source"],
    },
    "LineageEntity": {
        "t": "structure",
        "m": {"Name": _TEXT, "Type": "LineageType", "Arn": "AssociationEntityArn"},
    },
    "LineageType": {"t": "string", "enum": ["Action", "Artifact", "Context"]},
    "LineageAnswer": {
        "t": "structure",
        "m": {"ActionArns": "TextMap", "ArtifactArns": "TextMap", "ContextArns": "TextMap"},
    },
    # Cleanup
    "CleanupArguments": {
        "t": "structure",
        "m": {"Resources": "CleanupResources"},
        "r": ["Resources"],
    },
    "CleanupResources": {"t": "structure", "m": {"S3": "CleanupPlaces"}, "r": ["S3"]},
    "NameOfStep": {"t": "string", "pattern": r"[A-Za-z0-9\-_]{1,64}"},
    "CleanupPlaces": {"t": "list", "e": "CleanupPlace", "min": 1},
    "PlacesInS3": {"t": "list", "e": "S3Uri"},
    "CleanupPlace": {
        "t": "structure",
        "m": {"StepName": "NameOfStep", "S3Uris": "PlacesInS3"},
        "r": ["StepName"],
    },
}
