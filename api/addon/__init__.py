"""What Heroku asks of us: provision, change the plan, deprovision."""
