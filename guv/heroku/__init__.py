"""What guv asks of Heroku, and how apps, people and add-ons come from there."""
