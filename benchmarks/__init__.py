"""Benchmarks: commands that print tables. They judge nothing by themselves and are no tests."""
