"""The parts of the small, safe Python that the simulated code interpreters run (`support.simulator.python_evaluator`)."""
