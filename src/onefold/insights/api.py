"""The door of the slice `insights`. Free of Django: the processor comes in here too."""

from onefold.insights.forgetting import forget_queries

__all__ = ["forget_queries"]
