"""The page: views that turn state and results into figures."""
