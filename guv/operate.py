"""What may the operator do to a tenant? `python -m guv.operate suspend|resume|retry`.

    python -m guv.operate suspend guv-curved-12345 "an unpaid bill; write to support@example.com"
    python -m guv.operate resume guv-curved-12345
    python -m guv.operate retry guv-curved-12345 shop worker

A tenant is named by its uuid or its name at Heroku.
"""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from guv.apps import queries as apps
from guv.clock import utc_now
from guv.config import config_of_command
from guv.database import command_engine, session_scope, trouble_with
from guv.errors import NotFound
from guv.roles import queries as roles
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

LONGEST = 300  # characters of a reason


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 it is done, 1 it is not possible, 2 the command makes no sense."""
    asked = _parser().parse_args(arguments)
    commanding = command_engine(config_of_command().sqlalchemy_url, "guv operate")
    try:
        with commanding as engine, session_scope(engine) as session:
            sys.stdout.write(f"{_done(session, asked)}\n")
    except NotFound as missing:
        sys.stderr.write(f"{missing.message}\n")
        return 1
    except SQLAlchemyError as error:
        sys.stderr.write(f"{trouble_with(error)}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m guv.operate")
    commands = parser.add_subparsers(dest="command", required=True)
    suspend = commands.add_parser("suspend", help="no ticks and no changes until it is resumed")
    resume = commands.add_parser("resume", help="ticks and changes go on")
    retry = commands.add_parser("retry", help="a role is due now, and waits for nothing")
    for one in (suspend, resume, retry):
        one.add_argument("tenant", help="its uuid, or its name at Heroku")
    suspend.add_argument("why", help="what the tenant hears", type=_reason)
    retry.add_argument("app")
    retry.add_argument("role")
    return parser


def _reason(text: str) -> str:
    if not text.strip() or len(text) > LONGEST:
        raise argparse.ArgumentTypeError(f"a reason of 1 to {LONGEST} characters is needed")
    return text.strip()


def _done(session: Session, asked: argparse.Namespace) -> str:
    """What was done, in a sentence."""
    tenant = _tenant(session, asked.tenant)
    if asked.command == "suspend":
        tenants.suspend_tenant(session, tenant, asked.why)
        return f"{tenant.name} is suspended: no role ticks, and it may read only."
    if asked.command == "resume":
        tenants.suspend_tenant(session, tenant, "")
        return f"{tenant.name} goes on with its next ticks."
    app = apps.find_app(session, tenant, asked.app)
    role = roles.find_role(session, tenant, app, asked.role)
    roles.retry_role(session, app, role, utc_now())
    return f"Role {role.name} of {app.name} is due now."


def _tenant(session: Session, name: str) -> Tenant:
    found = tenants.find_named(session, name)
    if found is None or found.state == "deprovisioned":
        raise NotFound(f"There is no tenant {name[:100]!r}, or several of that name.")
    return found


if __name__ == "__main__":
    sys.exit(main())
