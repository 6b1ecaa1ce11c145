"""Renders the project's .qmd sources to a website and a deck without Quarto.

It knows exactly the Quarto features that the project's pages use, and refuses any other by name.
Nothing here knows what the study is about.
"""
