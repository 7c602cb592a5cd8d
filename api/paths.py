"""Parameters in paths, and the paths of pages."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Path

from guv.settings import field_types
from guv.settings.field_types import STORABLE

AppName = Annotated[
    str, Path(max_length=100, pattern=STORABLE, description="The app's name, or Heroku's UUID")
]
RoleName = Annotated[
    field_types.RoleName,
    Path(description="The role's name: letters, digits, - and _, at most 100"),
]
ResourceId = Annotated[UUID, Path(description="Heroku's uuid of the add-on's resource")]
DrainId = Annotated[UUID, Path(description="The drain's id, the last part of its URL")]
KeyId = Annotated[UUID, Path(description="The key's id, as the list shows it; not the key")]
ReplayId = Annotated[UUID, Path(description="The replay's id")]


def app_path(app: str) -> str:
    """Return the path of an app's page."""
    return f"/dashboard/apps/{quote(app, safe='')}"


def role_path(app: str, role: str) -> str:
    """Return the path of a role's page."""
    return f"{app_path(app)}/roles/{quote(role, safe='')}"
