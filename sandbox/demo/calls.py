"""Calls of guv's API as a tenant makes them: shown as `curl` lines, and made."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `path` is relative to `GUV_URL`."""

    method: str
    path: str
    body: Mapping[str, Any]

    def as_curl(self) -> str:
        """Return the command for a shell in which `GUV_URL` is set."""
        data = shlex.quote(json.dumps(self.body))
        return (
            f'curl -X {self.method} "$GUV_URL/{self.path}" -H "Content-Type: application/json"'
            f" -d {data}"
        )

    def make(self, api: httpx.Client) -> None:
        """Send the request.

        Raises:
            CallFailed: It did not; the text says why.
        """
        answer = api.request(self.method, self.path, json=dict(self.body))
        if not answer.is_success:
            raise CallFailed(f"{self.method} {self.path}: {answer.status_code} {answer.text}")


class CallFailed(RuntimeError):
    """guv did not do what the demo asked of it."""
