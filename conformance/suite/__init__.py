"""The suite: ordinary pytest tests, one module an area, scenarios, property-based tests and the model.

It knows a target by its URL alone. Every test is bound to the requirements that it judges by
``@clause("LC-ROOM-001")``; its docstring is the clause in plain words.
"""
