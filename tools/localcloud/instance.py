"""One local cloud, for Python: ``LocalCloud(name, state_dir).up()``.

Tests give each cloud a name and a folder of its own; without them it is the checkout's own, that of ``make
local-up``.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.localcloud import (
    database,
    database_mariadb,
    engine,
    example_images,
    ministack,
    ports,
    prerequisites,
    processes,
    seed,
    stack_state,
)
from tools.localcloud.database import Database
from tools.localcloud.database_mariadb import MariaDB
from tools.localcloud.docker_api import Container, Docker
from tools.localcloud.errors import LocalCloudError
from tools.localcloud.failures import explained
from tools.localcloud.settings import CHECKOUT, REGION, Settings, State, locked

Say = Callable[[str], None]
_SLOW_SECONDS = 2.0


class LocalCloud:
    """An instance of the local cloud.

    ``name``: 1-40 lower-case letters, digits, hyphens; default: derived from the checkout's path.
    ``state_dir``: its folder (state, logs, database password, Pulumi's state); default ``.local`` in the
    checkout.
    ``say``: called with each line of progress; default: nothing is printed.
    All methods raise :class:`~tools.localcloud.errors.LocalCloudError` with one sentence for the user.
    """

    def __init__(
        self, name: str | None = None, state_dir: Path | None = None, say: Say = lambda line: None
    ) -> None:
        self.settings = Settings.of(name, state_dir)
        self._say = say

    # Commands -----------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring up whatever does not run yet; a second call changes nothing."""
        with locked(self.settings.state_dir / "lock"), explained(self.settings):
            state = self.settings.load()
            with self._step("Docker engine", "20 s when it is installed first") as note:
                state.docker_host, how = engine.ensure()
                docker = Docker(state.docker_host)
                note(f"{how}, {docker.version()}")
            self.settings.save(state)
            running = self._running(docker, state)
            state.ports = ports.Registry().reserve(self.settings, state.ports, running)
            self.settings.save(state)
            with self._step("base images", "1 min the first time") as note:
                ministack.base_images_for(docker)
                note("there")
            with self._step("MiniStack", "1-3 s") as note:
                note(ministack.ensure(docker, self.settings, state))
            with self._step("PostgreSQL", "1-3 s") as note:
                db, how = database.ensure(docker, self.settings, state.ports["database"])
                note(f"{how}, 127.0.0.1:{state.ports['database']}")
            with self._step("seed", "5-15 s when the example image is built and pushed") as note:
                note(self._seed(docker, state, db))
            moved = stack_state.stale_stack_state(self.settings, state.cloud_id)
            if moved:
                self._say(f"Pulumi's state described a local cloud that is gone; it was moved to {moved}.")
            self._say(f"The load balancer answers at {self.url}")

    def down(self) -> None:
        """Remove all processes, containers, volumes and networks of this instance; logs, Pulumi's state
        stay.
        """
        with locked(self.settings.state_dir / "lock"), explained(self.settings):
            state = self.settings.load()
            with self._step("processes"):
                for name in list(state.processes):
                    processes.stop(state.processes.pop(name))
            host = self._engine_to_clean(state)
            if host:
                docker = Docker(host)
                with self._step("containers, volumes, networks") as note:
                    removed = docker.remove_labelled(self.settings.label)
                    if "gateway" in state.ports:
                        docker.remove_images_of(f"127.0.0.1:{state.ports['gateway']}")
                    note(", ".join(removed) or "none")
            self.settings.forget()
            shutil.rmtree(self.settings.state_dir / "tmp", ignore_errors=True)
            registry = ports.Registry()
            registry.release(self.settings.name)
            if host:
                with self._step("Docker engine") as note:
                    note(engine.stop_if_unused(host, registry.others(self.settings.name)))

    def reset(self) -> None:
        """down, then up with fresh data."""
        self.down()
        self.up()

    def push(self, example: str, version: str, tag: str = "latest", repository: str = "") -> str:
        """Build and push ``examples/<example>`` in this version under ``tag``; return its digest
        (``sha256:…``). ``repository``: default the example's own.
        """
        repository = repository or example_images.repository_name(example)
        with explained(self.settings):
            state = self._state_of_running()
            docker = Docker(state.docker_host)
            image = example_images.build(docker, example, version)
            self._seeder(state).repository(repository)
            return example_images.push(docker, state.ports["gateway"], repository, image, tag)

    def mariadb(self) -> MariaDB:
        """Start a MariaDB beside the PostgreSQL, unless it runs; its credentials are the secret `database_mariadb.SECRET`."""
        with locked(self.settings.state_dir / "lock"), explained(self.settings):
            state = self._state_of_running()
            with self._step("MariaDB", "1 min the first time") as note:
                made = database_mariadb.ensure(Docker(state.docker_host), self.settings)
                self._seeder(state).json_secret(database_mariadb.SECRET, made.secret())
                note(f"{made.host}:{database_mariadb.PORT}, secret {database_mariadb.SECRET}")
            return made

    def prepare(self, system: str) -> None:
        """Make what the document of a system takes for there already (``prerequisites.SYSTEMS``)."""
        wanted = prerequisites.of(system)
        mariadb = self.mariadb() if wanted.on_mariadb else None
        with explained(self.settings):
            state = self._state_of_running()
            with self._step(f"prerequisites of {system}") as note:
                seeder = seed.Seeder(self._endpoint(state), self.settings.name, wanted.place)
                prerequisites.make(seeder, wanted)
                for secret, dbname in wanted.secrets.items():
                    values = mariadb.secret() if mariadb else self._database_called(state, dbname)
                    seeder.json_secret(secret, values)
                note(f"VPC and load balancer {wanted.place.name}, clusters {', '.join(wanted.clusters)}")

    # Answers ------------------------------------------------------------------------------------------------

    def env(self) -> dict[str, str]:
        """Variables with which the AWS SDKs, Docker, Pulumi and `make` act on this cloud only; LOCALCLOUD_URL is `url`."""
        state = self._state_of_running()
        return {
            "AWS_ENDPOINT_URL": self._endpoint(state),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Some calls go to a host of their own, such as sync-states.…; here there is one for all.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "DOCKER_HOST": state.docker_host,
            "REGISTRY": self._endpoint(state).removeprefix("http://"),
            "PULUMI_BACKEND_URL": f"file://{self.settings.pulumi_dir}",
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            **_plugins_of_setup(),
            "LOCALCLOUD_URL": self.url,
        }

    @property
    def url(self) -> str:
        """Where the load balancer answers, without a trailing slash."""
        return f"http://127.0.0.1:{self._state_of_running().ports['http']}"

    def db_dsn(self) -> str:
        """The database's URL from this machine, with its password, for psycopg."""
        state = self._state_of_running()
        password = self.settings.password_file.read_text()
        return Database("127.0.0.1", state.ports["database"], password).dsn()

    def containers(self) -> list[Container]:
        """The instance's containers: the database and the ECS tasks', stopped ones too."""
        return Docker(self._state_of_running().docker_host).containers(self.settings.label)

    def state(self) -> State:
        """What is remembered; empty when the instance was never up or is down."""
        return self.settings.load()

    # Pieces -------------------------------------------------------------------------------------------------

    def _database_called(self, state: State, name: str) -> dict[str, str]:
        """A database of its own in the PostgreSQL, made when it is missing, and the values of its secret."""
        db = Database(
            Docker(state.docker_host).bridge_address(),
            state.ports["database"],
            self.settings.password_file.read_text(),
        )
        prerequisites.database(db.dsn("127.0.0.1"), name)
        return {**seed.credentials(db), "dbname": name, "url": f"{db.dsn().rpartition('/')[0]}/{name}"}

    def _engine_to_clean(self, state: State) -> str | None:
        """The engine that may hold something of ours; our own is started when it is down, as after a reboot."""
        if state.docker_host and Docker.answers(state.docker_host):
            return state.docker_host
        if state.docker_host == engine.own_host():
            return engine.ensure()[0]
        return engine.find()

    def _running(self, docker: Docker, state: State) -> set[str]:
        """Keys of the ports that our own parts hold now."""
        held = {
            key for key, name in ministack.PROCESS_OF.items() if processes.alive(state.processes.get(name))
        }
        return held | ({"database"} if database.is_running(docker, self.settings) else set())

    def _seed(self, docker: Docker, state: State, db: Database) -> str:
        seeder = self._seeder(state)
        seeder.secret(db)
        repository = example_images.repository_name("django")
        seeder.repository(repository)
        seeder.load_balancer(*seeder.network())
        done = "complete"
        if not seeder.has_tag(repository, "latest"):
            image = example_images.build(docker, "django", "v1")
            digest = example_images.push(docker, state.ports["gateway"], repository, image, "latest")
            done = f"pushed {repository}:latest ({digest[:19]}…)"
        present = seeder.cloud_id()
        if not present:
            present = uuid.uuid4().hex
            seeder.cluster(present)
        state.cloud_id = present
        self.settings.save(state)
        return done

    def _seeder(self, state: State) -> seed.Seeder:
        return seed.Seeder(self._endpoint(state), self.settings.name)

    def _endpoint(self, state: State) -> str:
        return f"http://127.0.0.1:{state.ports['gateway']}"

    def _state_of_running(self) -> State:
        state = self.settings.load()
        if not state.ports or not state.docker_host:
            raise LocalCloudError(f"The local cloud {self.settings.name} is not up: run `scripts/local up`.")
        return state

    @contextmanager
    def _step(self, title: str, usually: str = "") -> Iterator[Callable[[str], None]]:
        """Say what a step came to and how long it took; one that takes long also says so while it is under
        way.
        """
        begun = time.monotonic()
        notes: list[str] = []
        under_way = threading.Timer(
            _SLOW_SECONDS, self._say, [f"{title} … under way{usually and ', usually '}{usually}"]
        )
        under_way.daemon = True
        under_way.start()
        try:
            yield notes.append
        except BaseException:
            notes.append("failed")
            raise
        finally:
            under_way.cancel()
            self._say(f"{title} … {' '.join(notes) or 'done'} ({time.monotonic() - begun:.1f} s)")


def _plugins_of_setup() -> dict[str, str]:
    """Where set-up put the AWS plugin, so that Pulumi finds it without a warning about plugins on PATH."""
    home = CHECKOUT / ".tools" / "pulumi"
    if not any(home.glob("plugins/resource-aws-*")):
        return {}
    return {"PULUMI_HOME": str(home), "PULUMI_IGNORE_AMBIENT_PLUGINS": "true"}
