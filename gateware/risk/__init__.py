"""The pre-trade risk gate, the circuit breaker and the kill switch."""
