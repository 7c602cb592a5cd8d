"""Charts of the dashboard, as Plotly figures."""
