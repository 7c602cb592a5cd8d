"""Incidents of roles: table, causes and queries."""
