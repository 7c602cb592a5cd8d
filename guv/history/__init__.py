"""Samples, decisions and usage: tables and queries."""
