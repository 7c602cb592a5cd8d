"""Bounds and rules between what a policy wants and what is asked for."""
