"""Hands the project's requirements to the package, so that they are written down once."""

from pathlib import Path

from setuptools import setup

lines = (Path(__file__).resolve().parent.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
setup(install_requires=[line for line in lines if line and not line.startswith("#")])
