"""Replays of a role's history: tables, queries and start."""
