"""How does a decision become real?"""
