"""Resources as a stack's state has them."""

from __future__ import annotations

from typing import Any

URN = "urn:pulumi:stg::shop::"
COMPONENT = f"{URN}migratable-ecs:index:MigratableEcsService::web"


def resource(kind: str, name: str, parent: str = "", **inputs: Any) -> dict[str, Any]:
    outputs = {"arn": f"arn:{name}", **inputs}
    return {
        "type": kind,
        "urn": f"{URN}{kind}::{name}",
        "parent": parent,
        "inputs": inputs,
        "outputs": outputs,
        "id": name,
    }


def service(name: str = "web", **inputs: Any) -> list[dict[str, Any]]:
    """A service of two tasks with 0.5 vCPU and 1 GB each."""
    size = {"cpu": inputs.pop("cpu", "512"), "memory": inputs.pop("memory", "1024")}
    platform = {"runtimePlatform": {"cpuArchitecture": inputs.pop("architecture", "X86_64")}}
    return [
        resource("aws:ecs/taskDefinition:TaskDefinition", name, COMPONENT, **size, **platform),
        resource(
            "aws:ecs/service:Service", name, COMPONENT,
            **{"desiredCount": 2, "taskDefinition": f"arn:{name}", **inputs},
        ),
    ]  # fmt: skip


def everything() -> list[dict[str, Any]]:
    """A stack that makes all it stands on: two zones, NAT in each, a database in two zones."""
    return [
        *service(),
        *service("web-worker", desiredCount=1, cpu="256", memory="512", architecture="ARM64"),
        *(resource("aws:ec2/natGateway:NatGateway", f"nat-{zone}") for zone in "ab"),
        *(resource("aws:ec2/eip:Eip", f"nat-{zone}") for zone in "ab"),
        resource("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", vpcEndpointType="Gateway"),
        resource("aws:lb/loadBalancer:LoadBalancer", "web", subnets=["a", "b"]),
        resource(
            "aws:rds/instance:Instance",
            "learning-db",
            engine="postgres",
            instanceClass="db.t4g.micro",
            multiAz=True,
            allocatedStorage=20,
            manageMasterUserPassword=True,
        ),
        resource("aws:secretsmanager/secret:Secret", "app"),
        resource("aws:cloudwatch/logGroup:LogGroup", "web", retentionInDays=30),
        resource("aws:ecr/repository:Repository", "web"),
    ]
