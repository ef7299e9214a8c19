"""Cloud Map as ECS services use it."""

from __future__ import annotations

from typing import Any

from ministack.services import servicediscovery

_original_create = servicediscovery._create_service


def create_service(data: dict[str, Any]) -> Any:
    """CreateService: the namespace may be named in DnsConfig, as Terraform does for DNS namespaces.

    Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html
    """
    namespace = data.get("NamespaceId") or (data.get("DnsConfig") or {}).get("NamespaceId")
    return _original_create({**data, "NamespaceId": namespace})
