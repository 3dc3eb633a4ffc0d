"""The core of Hearth: what is true on every platform."""

__version__ = "0.1.0"
