"""Browsers over HTTPS, as the pages' tests have them, for sign-on and login sessions."""

from tests.api.dashboard.conftest import client, clock, guest, new_browser, page_config, visitor

__all__ = ["client", "clock", "guest", "new_browser", "page_config", "visitor"]
