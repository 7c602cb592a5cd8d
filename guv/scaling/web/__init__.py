"""Scaling of web dynos by their requests."""
