"""Browsers over HTTPS, as the pages' tests have them, for sign-on and login sessions."""

from tests.api.dashboard.conftest import clock, client, guest, new_browser, page_config, visitor

__all__ = ["clock", "client", "guest", "new_browser", "page_config", "visitor"]
