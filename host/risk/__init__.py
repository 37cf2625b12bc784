"""What an operator does with a risk gate: limits, arming, kills, and the record of it."""
