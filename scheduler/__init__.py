"""What happens by the clock: ticks, what is due, and the delivery of letters."""
