"""How do people and Heroku talk to guv? HTTP in, HTTP out, no scaling rules."""
