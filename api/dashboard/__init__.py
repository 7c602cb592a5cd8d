"""The pages for the person who came from Heroku: what guv does, why, and how to change it."""
