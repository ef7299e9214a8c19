"""A service that uses most of what docs/arguments.md describes."""

from migratable_ecs import MigratableEcsService

NGINX = "public.ecr.aws/nginx/nginx@sha256:7f797701ae19a9b98e0ab9ed2bc0a3e4e4bd6a08a7b1c1b1a8c0e1e0f5d2f0a1"
COLLECTOR = "public.ecr.aws/aws-observability/aws-otel-collector@sha256:0b0e7c1e5d2f4a6b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d"
FLUENT_BIT = "public.ecr.aws/aws-observability/aws-for-fluent-bit@sha256:1c1f8d2f6e305b7c9dae1f203b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e"

arguments = {
    "cluster": "learning",
    "image": "learning-app:latest",
    "container_port": 8000,
    "network": {"subnets": ["subnet-0a", "subnet-0b"], "security_groups": ["sg-0a"]},
    "ingress": {
        "listener_arn": "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2",
        "vpc_id": "vpc-0a1b2c3d",
        "priority": 100,
        "path_patterns": ["/learning/*"],
        "container_name": "nginx",
        "health_check_path": "/learning/health",
    },
    "environment": {"APP_ENV": "staging"},
    "secrets": {"DB_USERNAME": "learning-db:user", "DB_PASSWORD": "learning-db:password"},
    "cpu": 512,
    "memory": 1024,
    "container": {
        "user": "1000:1000",
        "readonly_root_filesystem": True,
        "writable": ["/tmp"],
        "init_process": True,
        "stop_timeout": 60,
        "health_check": {"command": "curl -fs localhost:8000/health", "start_period": 30},
        "depends_on": {"nginx": "START"},
        "log": {"driver": "awsfirelens", "options": {"Name": "cloudwatch_logs", "region": "ap-northeast-1"}},
        "extra": {"pseudoTerminal": False},
    },
    "sidecars": {
        "nginx": {"image": NGINX, "ports": [{"container_port": 80}]},
        "otel": {"image": COLLECTOR, "essential": False, "command": ["--config=/etc/ecs/ecs-xray.yaml"]},
        "router": {"image": FLUENT_BIT, "firelens": "fluentbit", "firelens_options": {"enable-ecs-log-metadata": "true"}},
    },
    "task": {
        "architecture": "ARM64",
        "ephemeral_storage": 50,
        "volumes": {"media": {"efs_file_system_id": "fs-0123456789abcdef0", "access_point_id": "fsap-0123456789abcdef0", "iam": True}},
        "task_role_statements": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::learning-media/*"]},
        ],
    },
    "migration": {
        "command": "php artisan migrate --force",
        "working_directory": "/var/www",
        "secrets": {"DB_USERNAME": "learning-db:operator_user", "DB_PASSWORD": "learning-db:operator_password"},
        "status_command": "php artisan migrate:status",
        "rollback_command": "php artisan migrate:rollback --force",
        "environment_name": "stg",
    },
    "workers": {
        "queue": {
            "command": "php artisan queue:work",
            "container": {"stop_timeout": 120},
            "scaling": {"minimum": 1, "maximum": 8, "cpu": 70},
            "watching": {"memory": 85},
        },
    },
    "schedules": {
        "report": {"command": "php artisan report:send", "expression": "cron(0 3 * * ? *)", "timezone": "Asia/Tokyo"},
    },
}  # fmt: skip

MigratableEcsService("learning-app", arguments)
