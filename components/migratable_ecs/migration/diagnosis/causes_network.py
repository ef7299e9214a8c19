"""Rows of the table: calls that never reached AWS, faults of AWS, and refusals that no other row knows."""

from __future__ import annotations

from .model import Cause, Kind, patterns

_CALL = (Kind.CALL,)
_API_ERRORS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"
_RUN_TASK = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"
_BOTO = "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html"

NETWORK_CAUSES: tuple[Cause, ...] = (
    Cause(
        slug="tls",
        kinds=_CALL,
        patterns=patterns(r"^SSLError|SSL validation failed|CERTIFICATE_VERIFY_FAILED"),
        sentence="The TLS certificate of the AWS endpoint could not be verified.",
        next_step="Behind an inspecting proxy, name its CA: export AWS_CA_BUNDLE=/path/to/ca.pem",
        doc="A proxy replaces the certificate, or the CA bundle of this machine is out of date.",
        source="https://github.com/boto/botocore/issues/2630",
    ),
    Cause(
        slug="endpoint-unreachable",
        kinds=_CALL,
        patterns=patterns(
            r"^(EndpointConnectionError|ConnectTimeoutError|ProxyConnectionError)\b",
            r"Could not connect to the endpoint URL|Connect timeout on endpoint URL"
            r"|Failed to connect to proxy"
            r"|Name or service not known|Temporary failure in name resolution|getaddrinfo",
        ),
        sentence="AWS could not be reached from here for {operation}.",
        next_step="Check network, proxy and region from this machine: aws sts get-caller-identity --region "
        "{region:q}",
        doc="This machine has no way to the endpoint, or the region is misspelt. The call never reached AWS.",
        source="https://github.com/jorgebastida/awslogs/issues/259",
        transient=True,
    ),
    Cause(
        slug="connection-lost",
        kinds=_CALL,
        patterns=patterns(
            r"^(ReadTimeoutError|ConnectionClosedError|IncompleteRead\w*|HTTPClientError)\b",
            r"Read timeout on endpoint URL|Connection was closed before we received a valid response"
            r"|Connection reset",
        ),
        sentence="The connection to AWS broke while {operation} was under way; AWS may have carried it out.",
        next_step="Run again: a task that was started is found by its identity and followed, not started "
        "twice.",
        doc="The answer was lost, not necessarily the call.",
        source=_BOTO,
        transient=True,
    ),
    Cause(
        slug="aws-internal-error",
        kinds=_CALL,
        patterns=patterns(
            r"^(ServerException|InternalFailure|InternalServer\w*|ServiceUnavailable\w*|InternalError)\b",
            r"Service Unavailable",
        ),
        sentence="AWS had an internal error in {operation}.",
        next_step="Run again in a minute: a task that was started is found by its identity and followed, "
        "not started twice. See https://health.aws.amazon.com/health/status",
        doc="A fault on AWS's side.",
        source=_API_ERRORS,
        transient=True,
    ),
    Cause(
        slug="no-region",
        kinds=_CALL,
        patterns=patterns(r"^NoRegionError|You must specify a region"),
        sentence="No AWS region is set.",
        next_step="pulumi config set aws:region REGION",
        doc="Neither the stack nor the environment names a region.",
        source=_BOTO,
    ),
    Cause(
        slug="request-refused",
        kinds=_CALL,
        patterns=patterns(
            r"^(InvalidParameter\w*|ClientException|ValidationException|ParamValidationError|UnsupportedFeatureException|InvalidRequest\w*)\b"
        ),
        sentence="AWS refused {operation}: {said}",
        next_step="Correct the setting that AWS names, then run pulumi up again.",
        doc="AWS found a parameter that it does not accept and names it in its text.",
        source=_RUN_TASK,
    ),
)
