"""Commands of the operator: suspend, resume and retry.

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
    """Run a command; returns 0 when done, 1 when it is not possible, 2 for wrong arguments."""
    options = _parser().parse_args(arguments)
    commanding = command_engine(config_of_command().sqlalchemy_url, "guv operate")
    try:
        with commanding as engine, session_scope(engine) as session:
            sys.stdout.write(f"{_done(session, options)}\n")
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
    suspend = commands.add_parser(
        "suspend", help="stop a tenant's ticks and changes until it is resumed"
    )
    resume = commands.add_parser("resume", help="allow a tenant's ticks and changes again")
    retry = commands.add_parser("retry", help="make a role due now, without its backoff")
    for one in (suspend, resume, retry):
        one.add_argument("tenant", help="its uuid, or its name at Heroku")
    suspend.add_argument("why", help="reason shown to the tenant", type=_reason)
    retry.add_argument("app")
    retry.add_argument("role")
    return parser


def _reason(text: str) -> str:
    if not text.strip() or len(text) > LONGEST:
        raise argparse.ArgumentTypeError(f"must have 1 to {LONGEST} characters")
    return text.strip()


def _done(session: Session, options: argparse.Namespace) -> str:
    """Run the command and return what was done, in a sentence."""
    tenant = _tenant(session, options.tenant)
    if options.command == "suspend":
        tenants.suspend_tenant(session, tenant, options.why)
        return f"{tenant.name} is suspended: its roles do not tick, and its API is read-only."
    if options.command == "resume":
        tenants.suspend_tenant(session, tenant, "")
        return f"{tenant.name} is resumed: its roles tick again."
    app = apps.find_app(session, tenant, options.app)
    role = roles.find_role(session, tenant, app, options.role)
    roles.retry_role(session, app, role, utc_now())
    return f"Role {role.name} of {app.name} is due now."


def _tenant(session: Session, name: str) -> Tenant:
    tenant = tenants.find_named(session, name)
    if tenant is None or tenant.state == "deprovisioned":
        raise NotFound(f"Couldn't find the tenant {name[:100]!r}, or several have that name.")
    return tenant


if __name__ == "__main__":
    sys.exit(main())
