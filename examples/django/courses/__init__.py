"""Courses with lessons, and the learners enrolled in them."""
