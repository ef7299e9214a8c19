"""The broken version: it fails at the first course without lessons, when others are rated already.

It is not atomic, as migrations of large tables often are not: what it did before the failure stays in the
database.
"""

from django.core.management import CommandError
from django.db import migrations, models


def rate(apps, schema_editor):
    print(flush=True)
    for course in apps.get_model("courses", "Course").objects.order_by("title"):
        lessons = course.lessons.count()
        if not lessons:
            raise CommandError(f"cannot rate the course {course.title!r}: it has no lessons")
        course.rating = 10 // lessons
        course.save()
        print(f"    {course.title}: {course.rating} points", flush=True)


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("courses", "0004_course_level"),)
    operations = (
        migrations.RunSQL(
            "ALTER TABLE courses_course ADD COLUMN IF NOT EXISTS rating integer",
            "ALTER TABLE courses_course DROP COLUMN IF EXISTS rating",
            state_operations=[
                migrations.AddField(model_name="course", name="rating", field=models.IntegerField(null=True)),
            ],
        ),
        migrations.RunPython(rate, migrations.RunPython.noop),
    )
