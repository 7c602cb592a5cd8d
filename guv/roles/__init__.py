"""Roles: tables, queries, tick schedule, spend and status."""
