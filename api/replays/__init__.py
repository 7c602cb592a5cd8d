"""Replays of a role's own history under other settings."""
