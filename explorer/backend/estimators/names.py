"""The estimators' names, for whoever must not wait for torch."""

from __future__ import annotations

ESTIMATOR_TITLES: dict[str, str] = {
    "bilstm": "Bi-LSTM",
    "lstm": "LSTM",
    "cnn_bilstm": "CNN-BiLSTM",
    "transformer": "Transformer",
    "npe": "NPE",
}
"""Name on the page of each key of ``ESTIMATORS``, in its order; a test holds them equal."""
SAMPLER = "npe"
"""The estimator that draws from the whole posterior."""
