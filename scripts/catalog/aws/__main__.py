"""Runs the script."""

from scripts.catalog.aws import main

main()
