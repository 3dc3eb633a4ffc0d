"""Measurements, run by hand: nothing here is asserted, and nothing here runs in the tests."""
