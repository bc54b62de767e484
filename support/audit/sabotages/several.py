"""Sabotages of several providers together: comparing, failing over, the capability matrix, workflows."""

from support.audit.sabotaging import Sabotage

SEVERAL: tuple[Sabotage, ...] = ()
