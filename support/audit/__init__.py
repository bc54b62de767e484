"""The proof that scenarios can fail: deviations of the simulator and sabotages of the gateway, against the scenarios of each row."""
