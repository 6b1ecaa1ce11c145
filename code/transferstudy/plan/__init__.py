"""What is to be run: specifications, presets, strategies, backbones, and what was declared beforehand."""
