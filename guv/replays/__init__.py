"""Replays of a role's history: table, queries and start."""
