"""Version 2: every course gets a level, by the number of its lessons.

MIGRATION_PAUSE_SECONDS (default 0) is waited for after each course, so that a test can look at, or interrupt,
a migration that is under way.
"""

import os
import time

from django.db import migrations, models


def fill(apps, schema_editor):
    pause = float(os.environ.get("MIGRATION_PAUSE_SECONDS", "0"))
    print(flush=True)
    for course in apps.get_model("courses", "Course").objects.order_by("title"):
        course.level = "advanced" if course.lessons.count() > 2 else "beginner"
        course.save()
        print(f"    {course.title}: {course.level}", flush=True)
        time.sleep(pause)


class Migration(migrations.Migration):
    dependencies = (("courses", "0003_first_courses"),)
    operations = (
        migrations.AddField(
            model_name="course", name="level", field=models.CharField(default="beginner", max_length=20)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    )
