"""Tenants: tables, queries, plans and API keys."""
