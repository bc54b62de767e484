"""behave's hooks; what they do stands in `support.run.hooks`."""

from support.run.hooks import after_all, after_scenario, before_all, before_scenario

__all__ = ["after_all", "after_scenario", "before_all", "before_scenario"]
