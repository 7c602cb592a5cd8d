"""Accessibility rules of axe-core, in light and dark."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def broken_rules(page: Page) -> list[str]:
    """Return axe-core's findings in light and dark: rules and elements."""
    findings = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        result = Axe().run(page, options=RULES)
        findings += [
            f"{theme} {violation['id']}: {violation['help']} at "
            f"{[node['target'] for node in violation['nodes']]}"
            for violation in result.response["violations"]
        ]
    return findings
