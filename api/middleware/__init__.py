"""Middleware: request log, security headers, body limit, throttle and unhandled errors."""
