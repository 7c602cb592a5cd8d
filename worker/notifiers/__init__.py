"""Who hears of it when a promise cannot be kept?"""
