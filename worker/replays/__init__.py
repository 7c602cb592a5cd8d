"""Replays of a role's history under other settings."""
