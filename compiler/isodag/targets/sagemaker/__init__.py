"""The SageMaker target: an IR pipeline in, a SageMaker Pipelines definition out.

What it writes was checked against the service model and our own rules, not against the live
service.  `Std:JsonGet` outside conditions, and ForEach steps, are what the SageMaker
SDK accepts too, and stay unverified there.
"""

from isodag.targets.sagemaker.alone import problems as judge
from isodag.targets.sagemaker.emit import emit
from isodag.targets.sagemaker.keys import KEYS

__all__ = ["KEYS", "emit", "judge"]
