"""Scores on seeded pairs, exits, calibration, contact sheets."""
