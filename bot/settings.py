"""The settings, typed, in one place; read from the environment and the command line."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Settings:
    """Everything that an operator may set. Each is described in docs/settings.md (a test keeps it so).

    Attributes:
        data_dir: where SQLite, the secret and caches live.
        database: SQLAlchemy address; empty means SQLite in `data_dir`.
        redis: address of Redis for several nodes; empty means one node.
        host, port: where the gateway listens.
        models_dir: where trained models live.
        quiet_seconds: how long the bot waits for a further bubble before it answers (A1).
        messages_per_minute: how many messages one conversation may send (flooding).
        conversations_per_minute: how many conversations one address may open.
        log_level: DEBUG, INFO, WARNING or ERROR.
    """

    data_dir: Path = field(default=ROOT / "var")
    database: str = ""
    redis: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    models_dir: Path = field(default=ROOT / "models")
    quiet_seconds: float = 0.4
    messages_per_minute: int = 60
    conversations_per_minute: int = 3000
    log_level: str = "INFO"

    @property
    def database_url(self) -> str:
        """The database's address with its default filled in."""
        return self.database or f"sqlite:///{self.data_dir / 'anfu.db'}"

    @property
    def cache_dir(self) -> Path:
        """Where what can be computed again is kept."""
        return self.data_dir / "cache"

    def secret(self) -> str:
        """The key that signs tokens: ANFU_SECRET, or one made at the first start and kept readable to the owner only.

        Nodes that share a database must share ANFU_SECRET.
        """
        if given := os.environ.get("ANFU_SECRET"):
            return given
        path = self.data_dir / "secret"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another start made it; read that one
        return path.read_text()


def from_environment() -> Settings:
    """Settings from ANFU_… variables, defaults elsewhere."""
    default = Settings()
    env = os.environ.get
    return Settings(
        data_dir=Path(env("ANFU_DATA_DIR", str(default.data_dir))),
        database=env("ANFU_DATABASE", default.database),
        redis=env("ANFU_REDIS", default.redis),
        host=env("ANFU_HOST", default.host),
        port=int(env("ANFU_PORT", str(default.port))),
        models_dir=Path(env("ANFU_MODELS_DIR", str(default.models_dir))),
        quiet_seconds=float(env("ANFU_QUIET_SECONDS", str(default.quiet_seconds))),
        messages_per_minute=int(env("ANFU_MESSAGES_PER_MINUTE", str(default.messages_per_minute))),
        conversations_per_minute=int(env("ANFU_CONVERSATIONS_PER_MINUTE", str(default.conversations_per_minute))),
        log_level=env("ANFU_LOG_LEVEL", default.log_level),
    )
