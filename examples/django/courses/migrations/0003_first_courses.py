"""Data: the courses that the platform opens with. One has no lessons yet."""

from django.db import migrations
from django.utils.text import slugify

COURSES = {
    "Algebra": ("Numbers", "Equations", "Matrices"),
    "Botany": ("Leaves", "Roots"),
    "Chemistry": ("Atoms", "Bonds", "Reactions"),
    "Drawing": ("Lines", "Light"),
    "Economics": (),
    "French": ("Greetings", "Numbers"),
}


def add(apps, schema_editor):
    course_model = apps.get_model("courses", "Course")
    lesson_model = apps.get_model("courses", "Lesson")
    for title, lessons in COURSES.items():
        course = course_model.objects.create(title=title, slug=slugify(title))
        for position, lesson in enumerate(lessons, start=1):
            lesson_model.objects.create(course=course, position=position, title=lesson)


def remove(apps, schema_editor):
    apps.get_model("courses", "Course").objects.filter(title__in=COURSES).delete()


class Migration(migrations.Migration):
    dependencies = (("courses", "0002_learners"),)
    operations = (migrations.RunPython(add, remove),)
