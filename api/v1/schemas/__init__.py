"""Requests and responses that several resources share."""
