"""Forms of the dashboard: fields, parsing and validation."""
