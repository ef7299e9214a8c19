"""What MiniStack leaves out elsewhere: alarms, egress rule tags, Application Auto Scaling, state machines."""

from __future__ import annotations

import urllib.parse
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import launcher_fixture as fixture
from .launcher_fixture import REGION, Cloud, Cluster, until

pytestmark = pytest.mark.docker
cloud, cluster = fixture.cloud, fixture.cluster


def query(cloud: Cloud, **parameters: str) -> str:
    """A call by the Query protocol, as Terraform's AWS provider makes it."""
    scope = f"Credential=test/20260101/{REGION}/monitoring/aws4_request"
    request = urllib.request.Request(
        cloud.url,
        urllib.parse.urlencode({"Version": "2010-08-01", **parameters}).encode(),
        {
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def test_describe_alarms_tells_everything_by_the_query_protocol(cloud: Cloud) -> None:
    query(
        cloud,
        **{
            "Action": "PutMetricAlarm",
            "AlarmName": "cpu",
            "Namespace": "AWS/ECS",
            "MetricName": "CPUUtilization",
            "Statistic": "Maximum",
            "Period": "120",
            "EvaluationPeriods": "2",
            "Threshold": "80",
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions.member.1.Name": "ServiceName",
            "Dimensions.member.1.Value": "web",
            "AlarmActions.member.1": "arn:aws:sns:x:1:up",
            "OKActions.member.1": "arn:aws:sns:x:1:ok",
            "InsufficientDataActions.member.1": "arn:aws:sns:x:1:none",
            "TreatMissingData": "breaching",
            "AlarmDescription": "a < b",
        },
    )
    xml = query(cloud, **{"Action": "DescribeAlarms", "AlarmNames.member.1": "cpu"})
    for part in (
        "<Statistic>Maximum</Statistic>",
        "<Period>120</Period>",
        "<TreatMissingData>breaching</TreatMissingData>",
        "<Dimensions><member><Name>ServiceName</Name><Value>web</Value></member></Dimensions>",
        "<AlarmActions><member>arn:aws:sns:x:1:up</member></AlarmActions>",
        "<OKActions><member>arn:aws:sns:x:1:ok</member></OKActions>",
        "<InsufficientDataActions><member>arn:aws:sns:x:1:none</member></InsufficientDataActions>",
        "<AlarmDescription>a &lt; b</AlarmDescription>",
        "<ActionsEnabled>true</ActionsEnabled>",
    ):
        assert part in xml


def test_the_allow_all_egress_rule_keeps_its_tags(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=f"g{uuid.uuid4().hex[:8]}", Description="d", VpcId=vpc)[
        "GroupId"
    ]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    tags = [{"Key": "who", "Value": "me"}]
    made = ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=everything,
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )["SecurityGroupRules"][0]
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    assert rules["SecurityGroupRules"][0]["Tags"] == tags


@pytest.fixture
def service(cluster: Cluster) -> Any:
    definition = cluster.define(cluster.container("sleep 300", stopTimeout=2))
    cluster.ecs.create_service(
        cluster=cluster.name,
        serviceName="web",
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=cluster.network,
    )
    yield f"service/{cluster.name}/web"
    cluster.ecs.delete_service(cluster=cluster.name, service="web", force=True)


def test_scalable_targets_are_kept_and_limit_the_desired_count(cluster: Cluster, service: str) -> None:
    scaling = cluster.cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": service,
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    arn = scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=4, Tags={"a": "b"})[
        "ScalableTargetARN"
    ]
    (kept,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[service])[
        "ScalableTargets"
    ]
    assert (kept["MinCapacity"], kept["MaxCapacity"], kept["ScalableTargetARN"]) == (2, 4, arn)
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}

    def running() -> bool:
        found = cluster.ecs.describe_services(cluster=cluster.name, services=["web"])["services"][0]
        return (found["desiredCount"], found["runningCount"]) == (2, 2)

    until(running)
    tracking = {
        "TargetValue": 50.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }
    made = scaling.put_scaling_policy(
        **target,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])[
        "ScalingPolicies"
    ]
    assert policy["PolicyARN"] == made["PolicyARN"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == tracking
    scaling.deregister_scalable_target(**target)
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**target)


def test_a_scalable_target_needs_its_service(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="ECS service doesn't exist: service/no/such"):
        cloud.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId="service/no/such",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=1,
            MaxCapacity=2,
        )


def test_a_target_group_tells_its_protocol_version(cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    vpc = cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    common = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
    for given, told in (({}, "HTTP1"), ({"ProtocolVersion": "HTTP2"}, "HTTP2")):
        made = elb.create_target_group(Name=f"g{uuid.uuid4().hex[:8]}", **common, **given)["TargetGroups"][0]
        assert made["ProtocolVersion"] == told
        arns = [made["TargetGroupArn"]]
        assert elb.describe_target_groups(TargetGroupArns=arns)["TargetGroups"][0]["ProtocolVersion"] == told


def test_a_target_group_names_the_load_balancers_of_its_rules(cloud: Cloud) -> None:
    elb, name = cloud.client("elbv2"), f"g{uuid.uuid4().hex[:8]}"
    balancer = elb.create_load_balancer(Name=name)["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name=name, Protocol="HTTP", Port=80)["TargetGroups"][0]["TargetGroupArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[answer]
    )["Listeners"][0]["ListenerArn"]

    def named() -> list[str]:
        return list(
            elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"]
        )

    assert named() == []
    paths = [{"Field": "path-pattern", "Values": ["/*"]}]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    rule = elb.create_rule(ListenerArn=listener, Priority=1, Conditions=paths, Actions=forward)["Rules"][0][
        "RuleArn"
    ]
    assert named() == [balancer]
    elb.delete_rule(RuleArn=rule)
    assert named() == []


def test_a_service_of_cloud_map_takes_its_namespace_from_the_dns_configuration(cloud: Cloud) -> None:
    discovery = cloud.client("servicediscovery")
    discovery.create_private_dns_namespace(Name=f"{uuid.uuid4().hex[:8]}.test", Vpc="vpc-1")
    namespace = discovery.list_namespaces()["Namespaces"][-1]["Id"]
    made = discovery.create_service(
        Name="web",
        DnsConfig={"NamespaceId": namespace, "DnsRecords": [{"Type": "A", "TTL": 10}]},
    )["Service"]
    assert made["NamespaceId"] == namespace
    with pytest.raises(ClientError, match="InvalidInput"):
        discovery.create_service(Name="lost", DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]})


def test_a_state_machine_can_be_deleted_twice(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    wait = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'
    role = "arn:aws:iam::123456789012:role/states"
    arn = states.create_state_machine(name="once", definition=wait, roleArn=role)["stateMachineArn"]
    for _ in range(2):
        states.delete_state_machine(stateMachineArn=arn)
    assert arn not in [each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]]
