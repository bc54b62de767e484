"""What stands behind the steps: gateway, ledger, journal, targets, reporting, audit; and the simulator, a program of its own."""
