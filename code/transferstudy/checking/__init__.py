"""From a sentence back to pixels: are the results whole, and where do they come from?"""
