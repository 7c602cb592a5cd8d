"""Dynos a role needs to keep its deadline."""
