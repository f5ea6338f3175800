"""A PipelineSession without an account or a network: what the SDK asks of AWS is answered here.

While it builds a definition, the SageMaker SDK asks S3 for its bucket and STS for the caller.  No
answer bears on what is judged; without one the SDK does not go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from sagemaker.telemetry import telemetry_logging
from sagemaker.workflow.pipeline_context import PipelineSession

# it would report every call to AWS.  The setting that forbids it makes the SDK read and check its
# settings 60 times in one definition, for ten seconds.
telemetry_logging._send_telemetry_request = lambda *_, **__: None

_BUCKET = "reviews-bucket"
_BUCKETS = f"""<ListAllMyBucketsResult><Buckets><Bucket><Name>{_BUCKET}</Name>
<CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"""
_CALLER = """<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/nobody</Arn><UserId>nobody</UserId>
<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class _Body(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.getvalue()


def _answer(request: Any, **_: Any) -> AWSResponse:
    body = {"GET https://s3": _BUCKETS, "POST https://sts": _CALLER}
    asked = f"{request.method} {request.url}"
    text = next((text for start, text in body.items() if asked.startswith(start)), "")
    return AWSResponse(request.url, 200, {}, _Body(text.encode()))


def session() -> PipelineSession:
    """The session that the pipeline's script uses."""
    account = boto3.Session("AKIAIOSFODNN7EXAMPLE", "none", region_name="us-east-1")
    account.events.register("before-send.*.*", _answer)
    return PipelineSession(boto_session=account, default_bucket=_BUCKET)
