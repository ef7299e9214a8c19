"""The snapshot that `doctor` looks at: of the target, with the askers of migratable_ecs/doctor/gather.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..doctor import gather
from ..doctor.snapshot import Balancing, Network, Record, Snapshot
from . import exit_codes
from .desk import Desk
from .errors import CommandError
from .revisions import SERVICES_AT_ONCE, target_groups


def snapshot(desk: Desk) -> Snapshot:
    """Everything but the probe."""
    asker = gather.Asker(desk.clients, desk.clock)
    target, ecs = desk.target, desk.client("ecs")
    target.need_service()
    clusters = asker.ask("DescribeClusters", lambda: ecs.describe_clusters(clusters=[target.cluster]), {})
    cluster = next(iter(clusters.get("clusters") or ()), None)
    services = _services(asker, desk) if cluster else {}
    service = services.pop("app", {})
    definitions = _definitions(asker, desk, {"app": service, **services})
    networks = _networks(desk, {"app": service, **services})
    containers = [each for d in definitions.values() for each in d.get("containerDefinitions") or ()]
    values = gather.values(asker, containers)
    database = gather.database(asker, values.settings)
    subnets = gather.by_ids(asker, "subnets", [each for n in networks.values() for each in n.subnets])
    routes, endpoints, gateways = gather.ways(
        asker, [str(each["VpcId"]) for each in subnets.values() if each.get("VpcId")]
    )
    balancing = tuple(_balancing(asker, each) for each in target_groups(service))
    groups = gather.by_ids(
        asker,
        "groups",
        [
            *(each for n in networks.values() for each in n.groups),
            *(database.groups if database else ()),
            *(each for b in balancing for each in b.groups),
            *(str(g["GroupId"]) for e in endpoints for g in e.get("Groups") or ()),
        ],
    )
    if not asker.answered:
        raise CommandError(
            f"AWS answered none of the questions ({next(iter(asker.unknown), 'no reason given')}): check the credentials, the region "
            "and the profile (`aws sts get-caller-identity`)",
            exit_codes.UNREACHABLE,
        )
    last, executing, timeout = _migration(desk)
    return Snapshot(
        region=target.region,
        cluster=cluster,
        cluster_name=target.cluster.rsplit("/", 1)[-1],
        service=service,
        workers=services,
        definitions=definitions,
        networks=networks,
        subnets=subnets,
        groups=groups,
        routes=None if routes is None else tuple(routes),
        endpoints=tuple(endpoints),
        gateways=gateways,
        roles=_roles(asker, definitions.values()),
        kept=values.kept,
        images=_known(
            {str(each.get("image")): gather.image(asker, str(each.get("image"))) for each in containers}
        ),
        log_groups=_known(
            {name: gather.log_group(asker, name) for name in sorted(set(_log_groups(containers)))}
        ),
        balancing=balancing,
        database=database,
        last=last,
        executing=executing,
        timeout=timeout,
        unknown=tuple(asker.unknown),
    )


def _services(asker: gather.Asker, desk: Desk) -> dict[str, Record]:
    """The service as `app`, the workers as `worker KEY`; empty when AWS does not say."""
    target, ecs = desk.target, desk.client("ecs")
    wanted = {
        "app": target.need_service(),
        **{f"worker {key}": name for key, name in target.workers.items()},
    }
    names, found = list(wanted.values()), {}
    for first in range(0, len(names), SERVICES_AT_ONCE):
        some = names[first : first + SERVICES_AT_ONCE]
        reply = asker.ask(
            "DescribeServices",
            lambda: ecs.describe_services(cluster=target.cluster, services=some),  # noqa: B023
            None,
        )
        if reply is None:
            return {}
        found.update({str(each["serviceName"]): dict(each) for each in reply.get("services") or ()})
    return {which: found.get(name, {"status": "missing"}) for which, name in wanted.items()}


def _definitions(asker: gather.Asker, desk: Desk, services: Mapping[str, Record]) -> dict[str, Record]:
    migration, ecs = desk.target.migration, desk.client("ecs")
    arns = {
        **{which: service.get("taskDefinition") for which, service in services.items()},
        "migration": migration.task_definition if migration else None,
    }
    found: dict[str, Record] = {}
    for which, arn in arns.items():
        before = len(asker.unknown)
        if arn:
            reply = asker.ask(
                "DescribeTaskDefinition",
                lambda: ecs.describe_task_definition(taskDefinition=arn),  # noqa: B023
                {"taskDefinition": {"taskDefinitionArn": arn}},
                gone=("ClientException",),
            )
            if len(asker.unknown) == before:
                found[which] = reply["taskDefinition"]
    return found


def _networks(desk: Desk, services: Mapping[str, Record]) -> dict[str, Network]:
    """Of the app, of the migration, and of workers that are placed elsewhere than the app: what is wrong once is said once."""
    migration = desk.target.migration
    given = {
        which: (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        for which, service in services.items()
    }
    if migration is not None:
        given["migration"] = migration.spec().network
    found = {which: network(each) for which, each in given.items() if each}
    app = found.get("app")
    return {which: each for which, each in found.items() if each != app or which in ("app", "migration")}


def network(given: Mapping[str, Any]) -> Network:
    """From an awsvpcConfiguration. Pure."""
    return Network(
        tuple(map(str, given.get("subnets") or ())),
        tuple(map(str, given.get("securityGroups") or ())),
        given.get("assignPublicIp") == "ENABLED",
    )


def _roles(asker: gather.Asker, definitions: Iterable[Record]) -> dict[str, Any]:
    arns = {str(d[key]) for d in definitions for key in ("executionRoleArn", "taskRoleArn") if d.get(key)}
    looked = {arn: gather.role(asker, arn) for arn in sorted(arns)}
    return {arn: role for arn, (known, role) in looked.items() if known}


def _log_groups(containers: Iterable[Record]) -> Iterable[str]:
    for each in containers:
        options = (each.get("logConfiguration") or {}).get("options") or {}
        if options.get("awslogs-group") and options.get("awslogs-create-group") != "true":
            yield str(options["awslogs-group"])


def _known(found: Mapping[str, bool | None]) -> dict[str, bool]:
    return {name: there for name, there in found.items() if there is not None}


def _balancing(asker: gather.Asker, given: Record) -> Balancing:
    elb, arn = asker.client("elbv2"), str(given["targetGroupArn"])
    port, container = int(given.get("containerPort") or 0), str(given.get("containerName") or "")
    found = asker.ask("DescribeTargetGroups", lambda: elb.describe_target_groups(TargetGroupArns=[arn]), {})
    group: Record = next(iter(found.get("TargetGroups") or ()), {})
    health = asker.ask("DescribeTargetHealth", lambda: elb.describe_target_health(TargetGroupArn=arn), {})
    targets = tuple(health.get("TargetHealthDescriptions") or ())
    if not group:
        return Balancing({"TargetGroupArn": arn}, targets, None, (), container, port)
    balancers = list(group.get("LoadBalancerArns") or ())
    described: Record = {}
    if balancers:
        described = asker.ask(
            "DescribeLoadBalancers", lambda: elb.describe_load_balancers(LoadBalancerArns=balancers), {}
        )
    groups = [
        str(each) for b in described.get("LoadBalancers") or () for each in b.get("SecurityGroups") or ()
    ]
    return Balancing(group, targets, _rules(asker, arn, balancers), tuple(groups), container, port)


def _rules(asker: gather.Asker, group: str, balancers: Iterable[str]) -> tuple[Record, ...] | None:
    """Rules of the listener that leads to the group, by priority; of the first listener when none does; None when AWS does not say."""
    before, all_rules = len(asker.unknown), []
    for balancer in balancers:
        for listener in _listeners(asker, balancer):
            rules = _rules_of(asker, str(listener["ListenerArn"]))
            if group in str(rules):
                return rules
            all_rules.append(rules)
    if len(asker.unknown) > before:
        return None
    return all_rules[0] if all_rules else ()


def _listeners(asker: gather.Asker, balancer: str) -> Sequence[Record]:
    elb = asker.client("elbv2")
    reply = asker.ask("DescribeListeners", lambda: elb.describe_listeners(LoadBalancerArn=balancer), {})
    return reply.get("Listeners") or ()


def _rules_of(asker: gather.Asker, listener: str) -> tuple[Record, ...]:
    elb = asker.client("elbv2")
    reply = asker.ask("DescribeRules", lambda: elb.describe_rules(ListenerArn=listener), {})
    return tuple(reply.get("Rules") or ())


def _migration(desk: Desk) -> tuple[Record | None, tuple[tuple[str, float], ...], float]:
    """Newest run, tasks that are executing with their age, and the run's timeout."""
    if desk.target.migration is None:
        return None, (), 3600.0
    from .facts import MigrationFacts

    facts = MigrationFacts(desk)
    runs = facts.runs()
    executing = tuple((task.id, facts.ecs.now() - task.created) for task in facts.executing() if task.created)
    return (runs[-1] if runs else None), executing, facts.migration.spec().timeout
