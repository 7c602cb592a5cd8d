"""Conversion of stored rows to responses."""
