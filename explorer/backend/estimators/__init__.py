"""The estimators: networks that read the parameters off an evoked response."""
