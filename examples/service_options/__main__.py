"""A service with a load balancer of its own that scales, is found by others, is watched, and has names of the user's own."""

import pulumi
from migratable_ecs import MigratableEcsService

service = MigratableEcsService(
    "shop",
    {
        "cluster": "shop-cluster",
        "image": "shop:latest",
        "container_port": 8000,
        "container": {"ports": [{"container_port": 8000, "name": "http"}]},
        "network": {
            "subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
            "security_groups": ["sg-0a1b2c3d"],
        },
        "migration": {"command": "python manage.py migrate --noinput"},
        "desired_count": 2,
        "log_retention_days": 90,
        "log_kms_key_arn": "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "ingress": {
            "vpc_id": "vpc-0a1b2c3d",
            "load_balancer": {
                "subnets": ["subnet-1a2b3c4d", "subnet-5e6f7a8b"],
                "allowed_cidrs": ["203.0.113.0/24"],
                "certificate_arn": "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
                "deletion_protection": True,
            },
            "host_headers": ["shop.example.com"],
            "health_check_path": "/healthz",
            "stickiness": {"seconds": 3600},
            "slow_start": 30,
        },
        "rollout": {
            "minimum_healthy_percent": 100,
            "maximum_percent": 150,
            "grace_period": 120,
            "execute_command": True,
            "capacity_providers": [
                {"name": "FARGATE", "base": 1},
                {"name": "FARGATE_SPOT", "weight": 3},
            ],
        },
        "scaling": {
            "minimum": 2,
            "maximum": 10,
            "cpu": 60,
            "requests_per_target": 1000,
            "schedules": [
                {
                    "name": "morning",
                    "schedule": "cron(0 8 ? * MON-FRI *)",
                    "minimum": 4,
                    "timezone": "Asia/Tokyo",
                },
            ],
        },
        "discovery": {"namespace_id": "ns-0a1b2c3d4e5f6a7b"},
        "service_connect": {"namespace": "shop", "port_name": "http", "dns_name": "shop"},
        "watching": {
            "topic_arn": "arn:aws:sns:ap-northeast-1:123456789012:alarms",
            "cpu": 80,
            "memory": None,
        },
        "names": {
            "target_group": "shop-blue",
            "execution_role": "shop-ecs-execution",
            "log_group": "/shop/app",
        },
    },
)
pulumi.export("url", service.url)
