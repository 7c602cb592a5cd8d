"""Layers around every request: request log, security headers, body limit, faults."""
