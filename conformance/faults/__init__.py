"""Faults: named ways to make the reference server break one requirement, and the proof that each is found."""
