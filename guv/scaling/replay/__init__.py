"""Replay of recorded samples under other settings."""
