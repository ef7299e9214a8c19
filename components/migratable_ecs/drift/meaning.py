"""What a difference means for the running system: closed tables. Pure.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html (what starts a new deployment), the reference of
each resource at https://www.pulumi.com/registry/packages/aws/ (what forces a replacement).
"""

from __future__ import annotations

from collections.abc import Iterable

from .model import Difference, Kind, Operation

ANY = "*"

_SERVICE = "aws:ecs/service:Service"
_TASKS_ROLL = "tasks roll: new ones start, and the old ones stop when those are healthy"

#: (type, property) -> what it means that somebody changed it in AWS.
CHANGED_BY_HAND: dict[tuple[str, str], str] = {
    (
        _SERVICE,
        "taskDefinition",
    ): "other tasks are running than those that were deployed: another image, command, secrets or size",
    (_SERVICE, "desiredCount"): "another number of tasks is running than the program asks for",
    (
        _SERVICE,
        "capacityProviderStrategies",
    ): "tasks are placed on other capacity: Spot can be taken away, and prices differ",
    (_SERVICE, "launchType"): "tasks are placed on other capacity",
    (_SERVICE, "networkConfiguration"): "tasks stand in other subnets or behind other security groups",
    (_SERVICE, "loadBalancers"): "requests reach other tasks, or none",
    (_SERVICE, "enableExecuteCommand"): "whether somebody can open a shell in the tasks has changed",
    (_SERVICE, "deploymentCircuitBreaker"): "whether a bad roll is taken back has changed",
    (
        "aws:ec2/securityGroup:SecurityGroup",
        "ingress",
    ): "network access has changed: other addresses or ports are let in",
    (
        "aws:ec2/securityGroup:SecurityGroup",
        "egress",
    ): "network access has changed: other addresses or ports can be reached",
    (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ANY,
    ): "network access has changed: other addresses or ports are let in",
    (
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ANY,
    ): "network access has changed: other addresses or ports can be reached",
    ("aws:ec2/securityGroupRule:SecurityGroupRule", ANY): "network access has changed",
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "the role may do other things than the program allows",
    (
        "aws:iam/policy:Policy",
        "policy",
    ): "whoever has this policy may do other things than the program allows",
    ("aws:iam/role:Role", "assumeRolePolicy"): "others may take this role than the program allows",
    (
        "aws:cloudwatch/logGroup:LogGroup",
        "retentionInDays",
    ): "logs are kept for another time: what was deleted early is lost",
    (
        "aws:cloudwatch/logGroup:LogGroup",
        "kmsKeyId",
    ): "logs are encrypted with another key, or with none of yours",
    (
        "aws:lb/listenerRule:ListenerRule",
        "priority",
    ): "the rule is tried at another place, so another rule may answer its requests",
    (
        "aws:lb/listenerRule:ListenerRule",
        "conditions",
    ): "the service gets other requests than the program says",
    ("aws:lb/listenerRule:ListenerRule", "actions"): "the requests go somewhere else than the program says",
    (
        "aws:lb/targetGroup:TargetGroup",
        "healthCheck",
    ): "tasks are judged healthy in another way: bad ones may get requests, or good ones be stopped",
    (
        "aws:lb/targetGroup:TargetGroup",
        "deregistrationDelay",
    ): "open requests get another time to finish when a task stops",
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "actionsEnabled",
    ): "whether the alarm tells anybody has changed",
    ("aws:cloudwatch/metricAlarm:MetricAlarm", ANY): "the alarm goes off at another time, or tells others",
    ("aws:rds/instance:Instance", ANY): "the database is set up in another way than the program says",
    (
        "aws:sfn/stateMachine:StateMachine",
        "definition",
    ): "after a rotation of the secret something else is done than the program says",
    (
        "aws:cloudwatch/eventRule:EventRule",
        "state",
    ): "whether the rule starts, or tells of, anything has changed",
    ("aws:cloudwatch/eventRule:EventRule", "eventPattern"): "the rule waits for other events",
    ("aws:appautoscaling/target:Target", ANY): "the number of tasks can be scaled to other limits",
    (ANY, "tags"): "tags have changed: cost reports, and permissions that look at tags, follow them",
}

#: type -> what it means that it is gone from AWS.
GONE: dict[str, str] = {
    _SERVICE: "the service is gone and no task of it is running: nobody gets an answer",
    "aws:secretsmanager/secret:Secret": "the secret is gone or scheduled for deletion: new tasks that read it cannot start",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "the alarm is gone: nobody is told",
    "aws:cloudwatch/logGroup:LogGroup": "the logs are gone, and tasks that write to this group cannot start",
    "aws:lb/targetGroup:TargetGroup": "the target group is gone: the service gets no requests",
    "aws:lb/listenerRule:ListenerRule": "the rule is gone: the service gets no requests",
    "aws:iam/role:Role": "the role is gone: new tasks cannot start with it",
    "aws:iam/rolePolicy:RolePolicy": "the permissions are gone: tasks or their start may fail",
    "aws:ecs/taskDefinition:TaskDefinition": "the revision is inactive: no new task can start from it",
    "aws:ec2/securityGroup:SecurityGroup": "the security group is gone: what it let through is refused",
    "aws:rds/instance:Instance": "the database is gone: look for its final snapshot first",
    "aws:sfn/stateMachine:StateMachine": "the state machine is gone: after the next rotation of the secret, new connections fail",
    "aws:cloudwatch/eventRule:EventRule": "the rule is gone: what it starts, or tells of, does not happen any more",
    "aws:cloudwatch/eventTarget:EventTarget": "the rule starts nothing, and tells nobody, any more",
    ANY: "it is gone from AWS",
}

#: (type, operation) -> what it means; before the properties' meanings.
_OPERATIONS: dict[tuple[str, Operation], str] = {
    (
        "aws:ecs/taskDefinition:TaskDefinition",
        "replaced",
    ): "a new revision; the old one stays registered unless the program says otherwise",
    (_SERVICE, "replaced"): "service replaced: DOWNTIME until the tasks of the new one are healthy",
    (_SERVICE, "deleted"): "service deleted: its tasks stop and nobody gets an answer",
    (
        "aws:lb/targetGroup:TargetGroup",
        "replaced",
    ): "target group replaced: DOWNTIME until the service's tasks are registered in the new one",
    ("aws:lb/targetGroup:TargetGroup", "deleted"): "target group deleted: requests to it fail",
    (
        "aws:lb/listenerRule:ListenerRule",
        "replaced",
    ): "listener rule replaced: requests fall through to the other rules in between",
    (
        "aws:lb/listenerRule:ListenerRule",
        "deleted",
    ): "listener rule deleted: the service gets no requests by it",
    (
        "aws:lb/listener:Listener",
        "replaced",
    ): "listener replaced: DOWNTIME on its port, and its rules are made anew",
    ("aws:lb/loadBalancer:LoadBalancer", "replaced"): "load balancer replaced: DOWNTIME, and a new DNS name",
    (
        "aws:lb/loadBalancer:LoadBalancer",
        "deleted",
    ): "load balancer deleted: nobody gets an answer through it",
    (
        "aws:rds/instance:Instance",
        "replaced",
    ): "database replaced: the new one is EMPTY; DATA IS LOST but for a snapshot",
    ("aws:rds/instance:Instance", "deleted"): "database deleted: DATA IS LOST but for a snapshot",
    (
        "aws:rds/cluster:Cluster",
        "replaced",
    ): "database cluster replaced: the new one is EMPTY; DATA IS LOST but for a snapshot",
    ("aws:rds/cluster:Cluster", "deleted"): "database cluster deleted: DATA IS LOST but for a snapshot",
    ("aws:ecr/repository:Repository", "replaced"): "registry replaced: its images are lost",
    ("aws:ecr/repository:Repository", "deleted"): "registry deleted: its images are lost",
    ("aws:cloudwatch/logGroup:LogGroup", "replaced"): "log group replaced: its logs are lost",
    ("aws:cloudwatch/logGroup:LogGroup", "deleted"): "log group deleted: its logs are lost",
    (
        "aws:secretsmanager/secret:Secret",
        "replaced",
    ): "secret replaced: the new one has no value until it is given one",
    (
        "aws:secretsmanager/secret:Secret",
        "deleted",
    ): "secret deleted after its waiting time: tasks that read it cannot start from now on",
    ("aws:iam/role:Role", "replaced"): "role replaced: what names the old one by ARN must be changed",
    ("aws:iam/role:Role", "deleted"): "role deleted: nothing can start with it",
    ("aws:ecs/cluster:Cluster", "replaced"): "cluster replaced: everything on it must move",
    ("aws:ec2/vpc:Vpc", "replaced"): "network replaced: everything in it must move",
    (ANY, "replaced"): "made anew; what refers to the old one must follow",
    (ANY, "deleted"): "deleted in AWS",
}

#: (type, property) -> what it means that the program changes it.
_UPDATES: dict[tuple[str, str], str] = {
    (_SERVICE, "taskDefinition"): _TASKS_ROLL,
    (_SERVICE, "networkConfiguration"): _TASKS_ROLL,
    (_SERVICE, "capacityProviderStrategies"): _TASKS_ROLL,
    (_SERVICE, "loadBalancers"): _TASKS_ROLL,
    (_SERVICE, "serviceRegistries"): _TASKS_ROLL,
    (_SERVICE, "serviceConnectConfiguration"): _TASKS_ROLL,
    (_SERVICE, "platformVersion"): _TASKS_ROLL,
    (_SERVICE, "triggers"): _TASKS_ROLL,
    (_SERVICE, "forceNewDeployment"): _TASKS_ROLL,
    (_SERVICE, "desiredCount"): "tasks are started or stopped until the number is right; none is replaced",
    (_SERVICE, "healthCheckGracePeriodSeconds"): "holds for tasks from now on; none is replaced",
    (
        "aws:lb/listenerRule:ListenerRule",
        "priority",
    ): "the rule is tried at another place, so another rule may answer its requests",
    ("aws:lb/listenerRule:ListenerRule", "conditions"): "the service gets other requests than before",
    ("aws:lb/targetGroup:TargetGroup", "healthCheck"): "tasks are judged by the new check at once",
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"): "older lines than that are deleted",
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "permissions change at once, for running tasks too",
    ("aws:iam/role:Role", "assumeRolePolicy"): "who may take the role changes at once",
    ("aws:ec2/securityGroup:SecurityGroup", "ingress"): "network access changes at once",
    ("aws:ec2/securityGroup:SecurityGroup", "egress"): "network access changes at once",
    (
        "aws:rds/instance:Instance",
        "instanceClass",
    ): "the database restarts: DOWNTIME of minutes, at once or in its maintenance window",
    (
        "aws:rds/instance:Instance",
        "engineVersion",
    ): "the database is upgraded: DOWNTIME, and no way back but a snapshot",
    (
        "aws:secretsmanager/secretVersion:SecretVersion",
        "secretString",
    ): "running tasks keep the old value until they are replaced",
}


def of_drift(type_: str, kind: Kind, differences: Iterable[Difference]) -> tuple[str, ...]:
    """The sentences for a drift, each once; there is always one for a resource that is gone."""
    if kind == "deleted":
        return (GONE.get(type_, GONE[ANY]),)
    return _once(_by_property(CHANGED_BY_HAND, type_, difference.property) for difference in differences)


def of_change(type_: str, operation: Operation, differences: Iterable[Difference]) -> tuple[str, ...]:
    """The sentences for a change, each once; none for a change of which nothing particular is known."""
    whole = _OPERATIONS.get((type_, operation)) or _OPERATIONS.get((ANY, operation))
    if operation in ("replaced", "deleted"):
        return _once([whole])
    return _once([whole, *(_by_property(_UPDATES, type_, difference.property) for difference in differences)])


def _by_property(table: dict[tuple[str, str], str], type_: str, name: str) -> str | None:
    return next((table[key] for key in ((type_, name), (ANY, name), (type_, ANY)) if key in table), None)


def _once(sentences: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))
