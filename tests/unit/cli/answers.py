"""A client that answers what a test has put down, where there is no fake. That requests are right shows in the e2e tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Answers:
    """`Answers(describe_subnets={"Subnets": […]})`; an answer may be a function of the request, or an exception to raise."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.requests: list[tuple[str, Mapping[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)

        def ask(**request: Any) -> Any:
            assert method in self.answers, f"the test has no answer for {method}"
            self.requests.append((method, request))
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            return answer(**request) if callable(answer) else answer

        return ask
