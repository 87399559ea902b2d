"""Simulator, observation model and analysis; knows nothing of the page."""
