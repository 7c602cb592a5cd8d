"""Stored rows as response bodies."""
