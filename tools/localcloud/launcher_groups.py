"""Target groups as Elastic Load Balancing describes them."""

from __future__ import annotations

from typing import Any

from ministack.services import alb

Record = dict[str, Any]

_original_create = alb._create_tg
_original_xml = alb._tg_xml


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


def target_group_xml(group: Record) -> str:
    """Every member of a target group, its protocol version too."""
    version = group.get("ProtocolVersion")
    xml = str(_original_xml(group))
    if not version:
        return xml
    return f"{xml.removesuffix('</member>')}<ProtocolVersion>{version}</ProtocolVersion></member>"
