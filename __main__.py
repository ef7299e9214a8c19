"""The program: configuration -> environment -> service -> outputs."""

import pulumi
from migratable_ecs import MigratableEcsService
from migratable_ecs.environment import load, look_up

settings = load(pulumi.Config())
environment = look_up(settings)

service = MigratableEcsService(
    settings.service,
    {
        "cluster": environment.cluster_arn,
        "image": settings.image,
        "cpu": settings.cpu,
        "memory": settings.memory,
        "desired_count": settings.desired_count,
        "container_port": settings.container_port,
        "environment": settings.environment,
        "secrets": settings.secrets,
        "log_retention_days": settings.log_retention_days,
        "tags": settings.tags,
        "network": {
            "subnets": environment.subnet_ids,
            "security_groups": environment.security_group_ids,
        },
        "ingress": {
            "listener_arn": environment.listener_arn,
            "vpc_id": environment.vpc_id,
            "priority": settings.priority,
            "host_headers": settings.host_headers,
            "path_patterns": settings.path_patterns,
            "health_check_path": settings.health_check_path,
        },
        "migration": {
            "command": settings.migration_command,
            "cpu": settings.migration_cpu,
            "memory": settings.migration_memory,
            "phase": settings.migration_phase,
            "on_failure": settings.migration_on_failure,
            "timeout": settings.migration_timeout,
            "triggers": {"force": settings.force} if settings.force else {},
        },
    },
)

pulumi.export("service", service.service_name)
pulumi.export("cluster", service.cluster)
pulumi.export("image_digest", service.image_digest)
pulumi.export("migration_status", service.migration_status)
pulumi.export("migration_task_definition", service.migration_task_definition_arn)
pulumi.export("log_group", service.log_group)
pulumi.export("migration_log_group", service.migration_log_group)
pulumi.export("url", environment.url)
