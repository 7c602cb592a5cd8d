"""How each published figure is made: a simulated role, scalers, scenarios and a lower bound."""
