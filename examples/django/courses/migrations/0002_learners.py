"""Learners, and the courses they are enrolled in."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("courses", "0001_initial"),)
    operations = (
        migrations.CreateModel(
            name="Learner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="Enrollment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(auto_now_add=True)),
                (
                    "course",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="courses.course"),
                ),
                (
                    "learner",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="courses.learner"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="learner",
            name="courses",
            field=models.ManyToManyField(through="courses.Enrollment", to="courses.course"),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.UniqueConstraint(fields=("learner", "course"), name="enrolled_once"),
        ),
    )
