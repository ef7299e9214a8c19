"""Links into the AWS console. Pure."""

from __future__ import annotations

from urllib.parse import quote

#: Partition -> host of its console. Source: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def partition(region: str) -> str:
    """The partition that `region` belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def service(region: str, cluster: str, name: str) -> str:
    """The ECS service's health page."""
    return f"{_base(region, 'ecs/v2')}/clusters/{quote(cluster, safe='')}/services/{quote(name, safe='')}/health?region={region}"


def task(region: str, task_arn: str) -> str:
    """A task, from its ARN `arn:PARTITION:ecs:REGION:ACCOUNT:task/CLUSTER/ID`; empty when the ARN does not name the cluster."""
    parts = task_arn.split("/")
    if len(parts) != 3:
        return ""
    _, cluster, identifier = parts
    return f"{_base(region, 'ecs/v2')}/clusters/{cluster}/tasks/{identifier}/configuration?region={region}"


def log_group(region: str, name: str) -> str:
    """A CloudWatch log group."""
    return f"{_base(region, 'cloudwatch/home')}?region={region}#logsV2:log-groups/log-group/{_fragment(name)}"


def log_stream(region: str, group: str, stream: str) -> str:
    """A stream of a CloudWatch log group."""
    return f"{log_group(region, group)}/log-events/{_fragment(stream)}"


def dashboard(region: str, name: str) -> str:
    """A CloudWatch dashboard."""
    return f"{_base(region, 'cloudwatch/home')}?region={region}#dashboards/dashboard/{_fragment(name)}"


def _base(region: str, path: str) -> str:
    return f"https://{region}.{HOSTS[partition(region)]}/{path}"


def _fragment(text: str) -> str:
    """The console wants names in the fragment encoded twice, with $ for the second %."""
    return quote(quote(text, safe=""), safe="").replace("%25", "$25")
