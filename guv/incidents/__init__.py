"""Incidents: causes, tables and queries."""
