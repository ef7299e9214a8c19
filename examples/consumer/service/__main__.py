"""A service on what is there already: a VPC, a cluster, a load balancer, an image in ECR and a secret."""

import pulumi
import pulumi_aws as aws
from migratable_ecs import MigratableEcsService

config = pulumi.Config()
vpc = aws.ec2.get_vpc(tags={"Name": config.require("vpc")})
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}], tags={"Tier": "private"})
balancer = aws.lb.get_load_balancer(name=config.require("loadBalancer"))
listener = aws.lb.get_listener(load_balancer_arn=balancer.arn, port=80)
database = config.require("database")

service = MigratableEcsService(
    "courses",
    {
        "cluster": config.require("cluster"),
        "image": config.require("image"),
        "container_port": 8000,
        "secrets": {
            "DB_HOST": f"{database}:host",
            "DB_PORT": f"{database}:port",
            "DB_NAME": f"{database}:dbname",
            "DB_USER": f"{database}:operator_user",
            "DB_PASSWORD": f"{database}:operator_password",
            "DJANGO_SECRET_KEY": f"{database}:django_secret_key",
        },
        "network": {"subnets": subnets.ids},
        "ingress": {
            "listener_arn": listener.arn,
            "vpc_id": vpc.id,
            "priority": 210,
            "path_patterns": ["/*"],
            "health_check_path": "/healthz",
        },
        "migration": {"command": "python manage.py migrate --noinput"},
    },
)

pulumi.export("service", service.service_name)
pulumi.export("image_digest", service.image_digest)
pulumi.export("migration_status", service.migration_status)
pulumi.export("url", service.url)
