"""What pulumi_aws 7.51.1 declares and the plugin around Terraform's AWS provider 5.100.0 does not have.

Each entry is a property path below a token, for inputs and outputs alike. All of them came to Terraform's
provider after 5.100.0 (June 2025), so no mapping can supply them. A program that sets one gets a warning from the
plugin; what our component makes of such options is covered by mocks. The test fails for a gap that is not listed
here, and for an entry that is no longer a gap.
"""

from __future__ import annotations

# Token checks, regular expressions, address types and rewriting in listeners and their rules.
_LISTENER = {"defaultActions.jwtValidation"}
_LISTENER_RULE = {
    "actions.jwtValidation",
    "conditions.hostHeader.regexValues",
    "conditions.httpHeader.regexValues",
    "conditions.pathPattern.regexValues",
    "conditions.sourceIp.ipAddressType",
    "transforms",
}
_LOAD_BALANCER = {"enablePrefixForIpv6SourceNat", "healthCheckLogs", "secondaryIpsAutoAssignedPerSubnet"}
# The control port of the target optimizer, and QUIC.
_TARGET_GROUP = {"targetControlPort"}
_TARGET_GROUP_ATTACHMENT = {"quicServerId"}
_VPC_ENDPOINT_DNS = {"dnsOptions.privateDnsPreference", "dnsOptions.privateDnsSpecifiedDomains"}
# NAT gateways that span a region.
_NAT_GATEWAY = {
    "autoProvisionZones",
    "autoScalingIps",
    "availabilityMode",
    "availabilityZoneAddresses",
    "regionalNatGatewayAddresses",
    "routeTableId",
}

RESOURCES: dict[str, set[str]] = {
    "aws:acm/certificate:Certificate": {"options.export", "privateKeyWo", "privateKeyWoVersion"},
    "aws:alb/listener:Listener": _LISTENER,
    "aws:alb/listenerRule:ListenerRule": _LISTENER_RULE,
    "aws:alb/loadBalancer:LoadBalancer": _LOAD_BALANCER,
    "aws:alb/targetGroup:TargetGroup": _TARGET_GROUP,
    "aws:alb/targetGroupAttachment:TargetGroupAttachment": _TARGET_GROUP_ATTACHMENT,
    "aws:appautoscaling/policy:Policy": {"predictiveScalingPolicyConfiguration"},
    "aws:cloudwatch/logGroup:LogGroup": {"deletionProtectionEnabled"},
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": {"applyOnTransformedLogs"},
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": {
        "applyOnTransformedLogs",
        "emitSystemFields",
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "evaluationCriteria",
        "evaluationInterval",
        "evaluationWindow",
        "warmUpConfiguration",
    },
    "aws:ec2/flowLog:FlowLog": {"regionalNatGatewayId", "tagFieldSpecifications"},
    "aws:ec2/natGateway:NatGateway": _NAT_GATEWAY | {"regionalNatGatewayAutoMode", "vpcId"},
    # Oracle database networks.
    "aws:ec2/route:Route": {"odbNetworkArn"},
    "aws:ec2/routeTable:RouteTable": {"routes.odbNetworkArn"},
    "aws:ec2/subnet:Subnet": {"ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": _VPC_ENDPOINT_DNS,
    "aws:ecr/repository:Repository": {"imageTagMutabilityExclusionFilters"},
    # ECS's own blue/green, canary and linear deployments.
    "aws:ecs/service:Service": {
        "deploymentConfiguration",
        "loadBalancers.advancedConfiguration",
        "serviceConnectConfiguration.accessLogConfiguration",
        "serviceConnectConfiguration.services.clientAlias.testTrafficRules",
        "sigintRollback",
    },
    "aws:ecs/taskDefinition:TaskDefinition": {"volumes.s3filesVolumeConfiguration"},
    "aws:efs/mountTarget:MountTarget": {"ipAddressType", "ipv6Address"},
    "aws:iam/policy:Policy": {"delayAfterPolicyCreationInMs"},
    "aws:lb/listener:Listener": _LISTENER,
    "aws:lb/listenerRule:ListenerRule": _LISTENER_RULE,
    "aws:lb/loadBalancer:LoadBalancer": _LOAD_BALANCER,
    "aws:lb/targetGroup:TargetGroup": _TARGET_GROUP,
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": _TARGET_GROUP_ATTACHMENT,
    "aws:rds/cluster:Cluster": {
        "autoMinorVersionUpgrade",
        "publiclyAccessible",
        "upgradeRolloutOrder",
        "warningEventCategories",
    },
    "aws:rds/clusterInstance:ClusterInstance": {"warningEventCategories"},
    "aws:rds/instance:Instance": {"upgradeRolloutOrder", "warningEventCategories"},
    "aws:route53/zone:Zone": {"enableAcceleratedRecovery"},
    "aws:s3/bucket:Bucket": {
        "bucketNamespace",
        "serverSideEncryptionConfiguration.rule.blockedEncryptionTypes",
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"skipDestroy"},
    "aws:scheduler/schedule:Schedule": {"actionAfterCompletion"},
    "aws:secretsmanager/secret:Secret": {"type"},
    # Secrets of other vendors; what turns rotation off without taking it away.
    "aws:secretsmanager/secretRotation:SecretRotation": {
        "externalSecretRotationMetadatas",
        "externalSecretRotationRoleArn",
        "rotationEnabled",
    },
    "aws:sns/topic:Topic": {"maximumMessageSize"},
}

FUNCTIONS: dict[str, set[str]] = {
    "aws:alb/getListener:getListener": {"defaultActions.jwtValidations"},
    "aws:alb/getLoadBalancer:getLoadBalancer": _LOAD_BALANCER,
    "aws:alb/getTargetGroup:getTargetGroup": _TARGET_GROUP,
    "aws:cloudwatch/getLogGroup:getLogGroup": {"deletionProtectionEnabled"},
    "aws:ec2/getNatGateway:getNatGateway": _NAT_GATEWAY,
    "aws:ec2/getNetworkInterface:getNetworkInterface": {
        "attachments.networkCardIndex",
        "enaSrdSpecifications",
    },
    "aws:ec2/getRouteTable:getRouteTable": {"routes.odbNetworkArn"},
    "aws:ec2/getVpc:getVpc": {"ipv6CidrBlockAssociations"},
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": _VPC_ENDPOINT_DNS | {"serviceRegion", "vpcEndpointType"},
    "aws:ecr/getLifecyclePolicyDocument:getLifecyclePolicyDocument": {
        "rules.action.targetStorageClass",
        "rules.selection.storageClass",
    },
    "aws:ecr/getRepository:getRepository": {"imageTagMutabilityExclusionFilters"},
    # That generation tells no more of a service than its ARN, task definition and desired count.
    "aws:ecs/getService:getService": {
        "capacityProviderStrategies",
        "createdAt",
        "createdBy",
        "deploymentConfigurations",
        "deploymentControllers",
        "deployments",
        "enableEcsManagedTags",
        "enableExecuteCommand",
        "events",
        "healthCheckGracePeriodSeconds",
        "iamRole",
        "loadBalancers",
        "networkConfigurations",
        "orderedPlacementStrategies",
        "pendingCount",
        "placementConstraints",
        "platformFamily",
        "platformVersion",
        "propagateTags",
        "runningCount",
        "serviceRegistries",
        "status",
        "taskSets",
    },
    "aws:ecs/getTaskDefinition:getTaskDefinition": {"volumes.s3filesVolumeConfigurations"},
    "aws:index/getAvailabilityZone:getAvailabilityZone": {"groupLongName"},
    "aws:lb/getListener:getListener": {"defaultActions.jwtValidations"},
    "aws:lb/getLoadBalancer:getLoadBalancer": _LOAD_BALANCER,
    "aws:lb/getTargetGroup:getTargetGroup": _TARGET_GROUP,
    "aws:rds/getCluster:getCluster": {"deletionProtection", "upgradeRolloutOrder"},
    "aws:rds/getInstance:getInstance": {"upgradeRolloutOrder"},
    "aws:route53/getZone:getZone": {"enableAcceleratedRecovery"},
    "aws:secretsmanager/getSecret:getSecret": {"type"},
}

CONFIGURATION: set[str] = {"tagPolicyCompliance", "userAgents"}

# The services whose endpoint can be configured change with every release; these are what our programs talk to.
ENDPOINTS = {
    *(
        "acm",
        "appautoscaling",
        "cloudwatch",
        "ec2",
        "ecr",
        "ecs",
        "efs",
        "elbv2",
        "events",
        "iam",
        "kms",
        "logs",
    ),
    *("rds", "route53", "s3", "scheduler", "secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "sts"),
}
