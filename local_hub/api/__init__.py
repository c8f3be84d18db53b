"""The API, served: one module for each group of operations."""
