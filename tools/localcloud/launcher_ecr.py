"""ECR answers that MiniStack gives differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    json_response,
    set_request_account_id,
    set_request_region,
)
from ministack.services import ecr

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


_original_select_scope = ecr._select_registry_request_scope
_original_describe_images = ecr._describe_images
_original_get_download_url_for_layer = ecr._get_download_url_for_layer


def select_scope(name: str, headers: Record, query: Record) -> None:
    """Find the account of a registry request that is not signed: the one that has the repository.

    Amazon's registry host names carry the account and the region; a request to the gateway's address does not.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
    """
    _original_select_scope(name, headers, query)
    if not name or name in ecr._repositories:
        return
    scopes = {
        (account, region) for (account, region, known), _ in ecr._repositories.all_items() if known == name
    }
    if len(scopes) == 1:
        account, region = scopes.pop()
        set_request_account_id(account)
        set_request_region(region)


def describe_images(data: Record) -> Response:
    """DescribeImages: an image that was asked for and is not there is an error; sizes are those of the layers.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    repository = data.get("repositoryName", "")
    if repository in ecr._repositories:
        for wanted in data.get("imageIds") or []:
            if ecr._find_image(repository, wanted) is None:
                shown = ", ".join(
                    f"{key}:'{wanted[key]}'" if key in wanted else f"{key}:'null'"
                    for key in ("imageDigest", "imageTag")
                )
                response: Response = error_response_json(
                    "ImageNotFoundException",
                    f"The image with imageId {{{shown}}} does not exist within the repository with name "
                    f"'{repository}' in the registry with id '{data.get('registryId') or get_account_id()}'",
                    400,
                )
                return response
    status, headers, body = _original_describe_images(data)
    if status != 200:
        return status, headers, body
    answer = json.loads(body)
    for detail in answer["imageDetails"]:
        detail["imageSizeInBytes"] = (
            _layers_size(repository, detail["imageDigest"]) or detail["imageSizeInBytes"]
        )
        if not detail["imageTags"]:
            del detail["imageTags"]
    return json_response(answer)  # type: ignore[no-any-return]


def layer_links(port: int) -> Callable[[Record], Response]:
    """GetDownloadUrlForLayer, whose link can be fetched from this machine: Amazon's registry names do not resolve here.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
    """

    def get_download_url_for_layer(data: Record) -> Response:
        status, headers, body = _original_get_download_url_for_layer(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        path = f"{data['repositoryName']}/blobs/{answer['layerDigest']}"
        answer["downloadUrl"] = f"http://127.0.0.1:{port}/v2/{path}"
        return json_response(answer)  # type: ignore[no-any-return]

    return get_download_url_for_layer


def _layers_size(repository: str, digest: str) -> int:
    manifest = (ecr._manifest_blobs.get(repository) or {}).get(digest)
    try:
        layers = json.loads(manifest or b"{}").get("layers") or []
    except ValueError:
        return 0
    return sum(int(layer.get("size") or 0) for layer in layers)
