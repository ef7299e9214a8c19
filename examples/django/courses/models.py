"""The tables. Version 2 adds the level of a course; the broken version also wants a rating."""

from django.conf import settings
from django.db import models


class Course(models.Model):
    """Something that can be learned."""

    title = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    if settings.VERSION in ("v2", "broken"):
        level = models.CharField(max_length=20, default="beginner")
    if settings.VERSION == "broken":
        rating = models.IntegerField(null=True)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One part of a course, in order."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=100)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("course", "position"), name="one_lesson_a_position"),)

    def __str__(self) -> str:
        return self.title


class Learner(models.Model):
    """Somebody who learns."""

    email = models.EmailField(unique=True)
    courses = models.ManyToManyField(Course, through="Enrollment")

    def __str__(self) -> str:
        return self.email


class Enrollment(models.Model):
    """A learner in a course."""

    learner = models.ForeignKey(Learner, on_delete=models.CASCADE)
    course = models.ForeignKey(Course, on_delete=models.CASCADE)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("learner", "course"), name="enrolled_once"),)

    def __str__(self) -> str:
        return f"{self.learner} in {self.course}"
