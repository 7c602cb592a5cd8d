"""Request metrics of web dynos: log lines, sums, tables and queries."""
