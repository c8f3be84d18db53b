"""IBM's Runtime on the Hub: a real `QiskitRuntimeService`, its backends and its jobs.

IBM's own `Session`, `Batch`, `SamplerV2`, `EstimatorV2` and `NoiseLearner` work on them unmodified. This is the only
package that imports qiskit_ibm_runtime, and none of it is imported before one of IBM's backends is asked for.
"""
