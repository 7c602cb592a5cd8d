"""Estimates from the samples of a role."""
