"""Where are an app's and a role's pages? The names are escaped as parts of a path."""

from urllib.parse import quote


def app_path(app: str) -> str:
    """The address of an app's page."""
    return f"/dashboard/apps/{quote(app, safe='')}"


def role_path(app: str, role: str) -> str:
    """The address of a role's page."""
    return f"{app_path(app)}/roles/{quote(role, safe='')}"
