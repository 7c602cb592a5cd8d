"""Development tools: migration drift, vulnerability audit, picture of the dashboard."""
