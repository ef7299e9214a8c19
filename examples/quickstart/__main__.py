"""The smallest useful program: a service, and the migration that runs before each new version of it."""

import pulumi
from migratable_ecs import MigratableEcsService

service = MigratableEcsService(
    "learning-app",
    {
        "cluster": "learning-cluster",
        "image": "learning-app:latest",
        "secrets": {"DATABASE_URL": "learning-db:url"},
        "network": {"subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]},
        "migration": {"command": "python manage.py migrate --noinput"},
    },
)
pulumi.export("migration", service.migration_status)
