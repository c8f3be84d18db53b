"""Writes the files of the local Hub's catalog."""
