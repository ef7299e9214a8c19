"""MiniStack, made to behave like ECS: ``python -m tools.localcloud.launcher``.

MiniStack runs unchanged; this launcher replaces parts of it in memory before it serves, and nothing on disk.
What differs from AWS is named in launcher_differences.py: what AWS does, where it says so, what puts it right and
which test would fail without it. The replaced parts are internals, so the launcher runs with the MiniStack version
it was written for and refuses every other.

Settings come from the environment, see launcher_settings.py. SIGTERM ends the launcher and removes every
container it started; so does the next start, for containers that a killed launcher left behind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tools.localcloud.launcher_settings import LauncherError, Settings

#: The MiniStack version whose internals are replaced here.
PINNED = "1.5.33"


def check_version() -> None:
    """Refuse a MiniStack that the replaced parts were not written for.

    Raises:
        LauncherError: for another version, or none.
    """
    try:
        found = version("ministack")
    except PackageNotFoundError:
        found = "not installed"
    if found != PINNED:
        raise LauncherError(
            f"the local cloud needs MiniStack {PINNED} and found {found}: run `make setup` to install it"
        )


def install(settings: Settings) -> Callable[[], Any]:
    """Replace the parts that ``launcher_differences.DIFFERENCES`` names.

    Returns:
        What to call to remove every container of this instance.

    Raises:
        LauncherError: when the Docker Engine does not answer.
    """
    # Imported late: MiniStack reads its environment when it is imported.
    import ministack.app
    from ministack.core import container_reaper, router
    from ministack.services import (
        alb,
        cloudwatch,
        cloudwatch_logs,
        ec2,
        ecr,
        ecs,
        rds,
        servicediscovery,
        stepfunctions,
    )

    from tools.localcloud import (
        launcher_databases,
        launcher_discovery,
        launcher_ecr,
        launcher_groups,
        launcher_logs,
        launcher_reads,
        launcher_states,
    )
    from tools.localcloud.launcher_docker import Engine
    from tools.localcloud.launcher_scaling import TARGET_PREFIX, Scaling
    from tools.localcloud.launcher_scheduler import Scheduler
    from tools.localcloud.launcher_service_api import ServiceApi, make_deployment
    from tools.localcloud.launcher_tasks import Tasks, check_dependencies

    engine = Engine(settings)
    engine.remove_leftovers()
    scheduler = Scheduler(settings)
    tasks = Tasks(engine, scheduler.leave, scheduler.wake)
    tasks.watch_health()
    scheduler.watch(tasks)
    services = ServiceApi(scheduler)

    ecs._get_docker = lambda: engine
    ecs._ensure_ecs_reaper_thread = lambda: None
    ecs._maybe_mark_stopped = lambda *_arguments, **_named: None
    ecs._run_task_worker = tasks.worker
    register, original_reset = ecs._register_task_definition, ecs.reset
    ecs._ACTION_MAP.update(
        RegisterTaskDefinition=lambda data: check_dependencies(data) or register(data),
        RunTask=tasks.run_task,
        StopTask=tasks.stop_task,
        DescribeTasks=tasks.describe_tasks,
        ListTasks=tasks.list_tasks,
        CreateService=services.create_service,
        UpdateService=services.update_service,
        DeleteService=services.delete_service,
        DescribeServices=services.describe_services,
    )
    ecs._make_deployment = make_deployment
    ecs._reconcile_service_tasks = lambda *_arguments: scheduler.wake()
    alb._ACTION_MAP["DescribeTargetHealth"] = scheduler.targets.describe_target_health
    alb._ACTION_MAP["CreateTargetGroup"] = launcher_groups.create_target_group
    alb._tg_xml = launcher_groups.target_group_xml
    alb._forward_to_tg = scheduler.targets.forward
    cloudwatch_logs._put_log_events = launcher_logs.put_log_events
    cloudwatch._describe_alarms = launcher_reads.describe_alarms
    cloudwatch._put_metric_alarm = launcher_reads.put_metric_alarm
    ec2._ACTION_MAP["AuthorizeSecurityGroupEgress"] = launcher_reads.authorize_egress
    scaling = Scaling(scheduler)
    router.SERVICE_PATTERNS["application-autoscaling"] = {"target_prefixes": [TARGET_PREFIX]}
    ministack.app.SERVICE_HANDLERS["application-autoscaling"] = scaling.handle

    servicediscovery._create_service = launcher_discovery.create_service
    stepfunctions._delete_state_machine = launcher_states.delete_state_machine
    ecr._select_registry_request_scope = launcher_ecr.select_scope
    ecr._describe_images = launcher_ecr.describe_images
    ecr._get_download_url_for_layer = launcher_ecr.layer_links(settings.port)
    databases = launcher_databases.Containers(
        settings.instance, settings.postgres_image, settings.mariadb_image
    )
    rds._ACTION_MAP["CreateDBInstance"] = launcher_databases.create_db_instance
    rds._ACTION_MAP["DeleteDBInstance"] = launcher_databases.delete_db_instance
    rds._instance_xml = launcher_databases.instance_xml
    rds._docker_image_for_engine = databases.image_for_engine
    rds._get_ministack_network = databases.network
    rds._run_rds_container = databases.run
    rds._rds_docker_name = databases.name
    # What they would do to a MySQL server, as its root: the image has made a user who may do everything.
    rds._ensure_mysql_compatibility = lambda *_arguments, **_named: None
    rds._grant_mysql_master_user_privileges = lambda *_arguments, **_named: None

    def reset() -> None:
        tasks.reset()
        scaling.reset()
        original_reset()

    ecs.reset = reset

    # Containers of MiniStack's other services carry the instance's labels too, and go with it.
    own_labels = container_reaper.own_labels
    container_reaper.own_labels = lambda *a, **k: {**own_labels(*a, **k), **settings.labels}
    ministack.app._stop_docker_containers = lambda *_arguments: engine.remove_leftovers()
    return engine.remove_leftovers


async def _serve(settings: Settings) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    from tools.localcloud.launcher_answers import in_one_piece

    in_one_piece()
    config = Config()
    config.bind = [f"{host}:{settings.port}" for host in settings.bind_hosts]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO").upper()
    config.graceful_timeout = 1
    await serve(app, config)


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the process's exit status."""
    remove: Callable[[], Any] = int
    try:
        settings = Settings.from_environment()
        check_version()
        remove = install(settings)
        asyncio.run(_serve(settings))
    except LauncherError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        logging.getLogger("launcher").debug("serving failed", exc_info=True)
        print(
            f"error: port {settings.port} cannot be served on {', '.join(settings.bind_hosts)} "
            f"({error.strerror or error}): set GATEWAY_PORT to a free one",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
