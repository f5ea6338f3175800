"""isodag: one DAG file, the same meaning on SageMaker Pipelines, Kubeflow Pipelines and here."""

__version__ = "0.1.0"
