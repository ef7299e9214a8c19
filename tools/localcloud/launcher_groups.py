"""Target groups as Elastic Load Balancing describes them."""

from __future__ import annotations

from typing import Any

from ministack.services import alb

Record = dict[str, Any]

_original_create = alb._create_tg
_original_xml = alb._tg_xml


def forwarded(actions: list[Record]) -> set[str]:
    """ARNs of the target groups that the actions forward to."""
    found = set()
    for action in actions:
        found.add(str(action.get("TargetGroupArn") or ""))
        for weighted in (action.get("ForwardConfig") or {}).get("TargetGroups") or []:
            found.add(str(weighted.get("TargetGroupArn")))
    return found


def create_target_group(parameters: Record) -> Any:
    """CreateTargetGroup: the protocol version is kept, HTTP1 unless given.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """
    answer = _original_create(parameters)
    name = alb._p(parameters, "Name")
    made = [group for group in alb._tgs.values() if group["TargetGroupName"] == name]
    if answer[0] != 200 or not made:
        return answer
    if made[0]["Protocol"] in ("HTTP", "HTTPS"):
        made[0]["ProtocolVersion"] = alb._p(parameters, "ProtocolVersion", "HTTP1")
    return alb._xml(200, "CreateTargetGroup", f"<TargetGroups>{target_group_xml(made[0])}</TargetGroups>")


def balancers(group: str) -> list[str]:
    """ARNs of the load balancers with a listener or a rule that forwards to the target group; MiniStack counts no rules.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
    """
    found = []
    for listener in alb._listeners.values():
        rules = [rule for rule in alb._rules.values() if rule["ListenerArn"] == listener["ListenerArn"]]
        actions = [action for rule in rules for action in rule.get("Actions") or []]
        if group in forwarded([*actions, *(listener.get("DefaultActions") or [])]):
            found.append(str(listener["LoadBalancerArn"]))
    return list(dict.fromkeys(found))


def target_group_xml(group: Record) -> str:
    """Every member of a target group, its protocol version and its load balancers too."""
    version = group.get("ProtocolVersion")
    xml = str(_original_xml({**group, "LoadBalancerArns": balancers(group["TargetGroupArn"])}))
    if not version:
        return xml
    return f"{xml.removesuffix('</member>')}<ProtocolVersion>{version}</ProtocolVersion></member>"
