"""A tenant with an app and a role, and the worker's world for commands that need ticks."""

import pytest
from sqlmodel import Session

from guv.apps.models import App
from guv.crypto import Sealer
from guv.roles.models import Role
from guv.tenants.models import Tenant
from tests.builders import a_role, a_tenant, an_app
from tests.worker.conftest import clock, outside_config, runtime, sandbox, world

__all__ = ["clock", "outside_config", "runtime", "sandbox", "world"]


@pytest.fixture
def tenant(session: Session) -> Tenant:
    return a_tenant(session)


@pytest.fixture
def app(session: Session, tenant: Tenant, sealer: Sealer) -> App:
    return an_app(session, tenant, sealer)


@pytest.fixture
def role(session: Session, app: App) -> Role:
    return a_role(session, app)
