"""What the four point networks share: marginals, and the loss they learn by."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from explorer.backend.estimators.front_end import Inputs
from explorer.backend.estimators.marginals import LogitNormal, mean_error


class PointNetwork(nn.Module, ABC):
    """A network that gives a marginal posterior for each target.

    Attributes:
        mean_weight: of the squared error of the mean in the loss; where it is large, training
            cares more for the targets of which little can be known.
    """

    mean_weight = 1.0

    @abstractmethod
    def marginals(self, inputs: Inputs) -> LogitNormal:
        """Marginals of a batch."""

    def forward(self, inputs: Inputs, logits: Tensor) -> Tensor:
        """Loss of each case, (batch,): negative log density plus the squared error of the mean.

        Args:
            inputs: what the network reads.
            logits: (batch, 13) true values, logit of their share of the range.
        """
        found = self.marginals(inputs)
        return found.loss(logits) + self.mean_weight * mean_error(found, logits)
