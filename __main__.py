"""The program: configuration -> environment -> service -> outputs."""

import pulumi
from migratable_ecs import MigratableEcsService
from migratable_ecs.environment import check, has_service, image_to_push, load, service_args, stand_on, url
from migratable_ecs.protect import protect

settings = load(pulumi.Config())
protect(waive=settings.waive, protected=settings.protected)
check(settings)
to_push = image_to_push(settings)
environment = stand_on(settings)

if to_push:
    pulumi.log.warn(
        f"push the image {to_push} to the new registry, then `pulumi up` again: the service is left out until then"
    )
elif has_service(settings):
    service = MigratableEcsService(settings.service, service_args(settings, environment))
    pulumi.export("service", service.service_name)
    pulumi.export("cluster", service.cluster)
    pulumi.export("image_digest", service.image_digest)
    pulumi.export("migration_status", service.migration_status)
    pulumi.export("migration_task_definition", service.migration_task_definition_arn)
    pulumi.export("log_group", service.log_group)
    pulumi.export("migration_log_group", service.migration_log_group)
    pulumi.export("url", url(settings, environment))

# What an application stack on this one reads: `network: {stack: organization/project/stack}`.
for name, value in environment.outputs().items():
    pulumi.export(name, value)
