"""Calendars as files: iCalendar (RFC 5545), written for calendar apps and read from them."""
