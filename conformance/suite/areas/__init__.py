"""One module an area of the API: each operation by its own rules."""
