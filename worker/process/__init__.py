"""What every worker process is built on."""
