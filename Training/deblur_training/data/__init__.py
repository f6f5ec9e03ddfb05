"""Photographs, the blur made from them, and pairs for evaluation."""
