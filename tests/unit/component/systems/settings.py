"""The settings of five real systems, with exactly their names and sizes.

Ids that AWS gave (subnets, listeners, security groups) stand here as examples; everything else is written as the systems have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.component.cloud import ACCOUNT, REGION, Cloud

_ROLE = f"arn:aws:iam::{ACCOUNT}:role"
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
_LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app"
_ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@dataclass(frozen=True)
class System:
    """A service by name, its args, and what is in AWS already."""

    name: str
    args: Mapping[str, Any]
    images: Mapping[str, str]
    secrets: tuple[str, ...] = ()

    def cloud(self) -> Cloud:
        return Cloud(images=dict(self.images), secrets=self.secrets)


def _digest(letter: str) -> str:
    return "sha256:" + letter * 64


#: Laravel: a migration's task definition of its own, same image, variables and roles; after the app is up; the app stays when it fails.
LARAVEL = System(
    name="learning-app-stg",
    images={"learning-app-stg:latest": _digest("a")},
    args={
        "cluster": "learning-cluster-stg",
        "image": f"{_ECR}/learning-app-stg:latest",
        "network": {
            "subnets": ["subnet-private-nat-1a-stg", "subnet-private-nat-1c-stg"],
            "security_groups": ["sg-learning-app-sg-stg"],
            "assign_public_ip": False,
        },
        "secrets": {
            "DB_HOST": f"{_SECRET}:db-main-instance-stg:host::",
            "DB_USERNAME": f"{_SECRET}:db-main-instance-stg:operator_user::",
            "DB_PASSWORD": f"{_SECRET}:db-main-instance-stg:operator_password::",
        },
        "task": {
            "family": "learning-app-task-stg",
            "execution_role_arn": f"{_ROLE}/learning-ecs-task-execution-role-stg",
            "task_role_arn": f"{_ROLE}/learning-ecs-task-role-stg",
        },
        "migration": {
            "phase": "after",
            "command": "php artisan migrate --force",
            "working_directory": "/var/www",
            "cpu": 256,
            "memory": 512,
            "family": "learning-db-migrate-task-stg",
            "log_group": "/ecs/learning-db-migrate-task-stg",
            "container_name": "migrate",
            "stream_prefix": "migrate",
            "container": {"memory_reservation": 512, "log": {"options": {"awslogs-create-group": "true"}}},
            "status_command": "php artisan migrate:status",
            "rollback_command": "php artisan migrate:rollback --force",
        },
    },
)

#: Django, "hybrid": only what exists already is touched; fixed names and a fixed priority on a shared listener.
DJANGO = System(
    name="django-ecs-service-staging",
    images={"django-ecs-app:latest": _digest("b")},
    args={
        "cluster": "django-ecs-cluster-staging",
        "image": f"{_ECR}/django-ecs-app:latest",
        "container_name": "django-app",
        "container_port": 8000,
        "stream_prefix": "ecs",
        "cpu": 256,
        "memory": 512,
        "desired_count": 2,
        "network": {
            "subnets": ["subnet-xxx", "subnet-yyy"],
            "security_groups": ["sg-xxx"],
            "assign_public_ip": False,
        },
        "environment": {"DEBUG": "0", "ALLOWED_HOSTS": "*.elb.amazonaws.com,staging.grape-app.jp"},
        "task": {
            "family": "django-app-staging",
            "execution_role_arn": f"{_ROLE}/ecsTaskExecutionRole",
            "without_task_role": True,
        },
        "ingress": {
            "listener_arn": f"{_LISTENER}/django-ecs-cluster-staging/1/2",
            "vpc_id": "vpc-django-ecs-cluster-staging",
            "priority": 100,
            "host_headers": ["staging.grape-app.jp"],
            "path_patterns": ["/*"],
        },
        "rollout": {"grace_period": 60},
        "migration": {
            "command": "python manage.py migrate --noinput",
            "family": "django-app-staging-migrate",
        },
    },
)

#: Go: a small image of its own that migrates, in the network and with the roles of the running service.
GO = System(
    name="neuraknot-prod-backend-go",
    images={"neuraknot-prod-backend-go:latest": _digest("c"), "neuraknot-prod-migrate:latest": _digest("d")},
    secrets=("neuraknot-prod-db",),
    args={
        "cluster": "neuraknot-prod",
        "image": "neuraknot-prod-backend-go:latest",
        "container_port": 8000,
        "network": {"subnets": ["subnet-a", "subnet-c"], "security_groups": ["sg-backend-go"]},
        "environment": {
            "DB_HOST": "neuraknot-prod-db.example.test",
            "DB_PORT": "5432",
            "DB_SSLMODE": "require",
        },
        "secrets": {"DB_PASSWORD": "neuraknot-prod-db:password"},
        "task": {
            "architecture": "X86_64",
            "execution_role_arn": f"{_ROLE}/neuraKnot-prod-execution",
            "task_role_arn": f"{_ROLE}/neuraKnot-prod-task",
        },
        "migration": {
            "image": "neuraknot-prod-migrate:latest",
            "command": ["-create-db"],
            "family": "neuraKnot-prod-migrate",
            "log_group": "/ecs/neuraKnot-prod-migrate",
            "container": {"user": "10001:10001"},
            "environment_name": "prod",
        },
    },
)

_PRISMA_SCRIPT = """echo "Starting database migration..."
cd /app
pnpm prisma migrate deploy
echo "Migration completed successfully"
"""

#: Prisma: the migration before the app in every new task; its failure keeps the app from starting; three replicas.
PRISMA = System(
    name="prod-fast-note",
    images={},
    secrets=("fast-note-secrets",),
    args={
        "cluster": "fast-note-prod",
        "image": f"ghcr.io/ng3rdstmadgke/fast-note@{_digest('e')}",
        "container_name": "fast-note",
        "container_port": 3000,
        "cpu": 1024,
        "memory": 2048,
        "desired_count": 3,
        "network": {"subnets": ["subnet-a", "subnet-c"], "security_groups": ["sg-fast-note"]},
        "secrets": {"DATABASE_URL": "fast-note-secrets:database-url"},
        "migration": {
            "phase": "init",
            "command": _PRISMA_SCRIPT,
            "container_name": "db-migration",
            "container": {"cpu": 512, "memory": 512, "memory_reservation": 256},
            "attempts": 4,
            "timeout": 300,
            "status_command": "cd /app && pnpm prisma migrate status",
        },
    },
)

#: Rails: one task behind a load balancer, a shell in it, scaling by hand.
RAILS = System(
    name="rails-app",
    images={"rails-app:latest": _digest("f")},
    secrets=("rails-app-db-password", "rails-app-rails-master-key"),
    args={
        "cluster": "rails-app-cluster",
        "image": "rails-app:latest",
        "container_name": "rails-app",
        "container_port": 3000,
        "cpu": 256,
        "memory": 512,
        "desired_count": 1,
        "network": {
            "subnets": ["subnet-10-0-10-0", "subnet-10-0-11-0"],
            "security_groups": ["sg-rails-app-ecs"],
        },
        "environment": {"RAILS_ENV": "production", "DATABASE_HOST": "rails-app-db.example.test"},
        "secrets": {
            "MYAPP_DATABASE_PASSWORD": "rails-app-db-password",
            "RAILS_MASTER_KEY": "rails-app-rails-master-key",
        },
        "names": {
            "service": "rails-app-service",
            "target_group": "rails-app-tg",
            "log_group": "/ecs/rails-app",
        },
        "rollout": {"execute_command": True},
        "ingress": {
            "listener_arn": f"{_LISTENER}/rails-app-alb/1/2",
            "vpc_id": "vpc-10-0-0-0",
            "priority": 1,
            "path_patterns": ["/*"],
            "health_check_path": "/up",
        },
        "migration": {
            "command": "rails db:migrate",
            "environment_name": "production",
            "backup": {"instance": "rails-app-db"},
            "status_command": "rails db:migrate:status",
            "rollback_command": "rails db:rollback",
        },
    },
)

SYSTEMS = {"laravel": LARAVEL, "django": DJANGO, "go": GO, "prisma": PRISMA, "rails": RAILS}
