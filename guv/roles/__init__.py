"""Roles: tables, queries, tick schedule and status."""
