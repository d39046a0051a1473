"""The settings, typed, in one place; read from the environment and the command line."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Settings:
    """Everything that an operator may set. Each is described in docs/settings.md (a test keeps it so).

    Attributes:
        data_dir: where SQLite, the secret and caches live.
        database: SQLAlchemy address; empty means SQLite in `data_dir`.
        redis: address of Redis for several nodes; empty means one node.
        host, port: where the gateway listens.
        workers: how many processes serve on this machine; more than one share PostgreSQL and Redis.
        drain_seconds: for how long a gateway that stops goes on as before, but says at `/readyz` that it leaves.
        trusted_proxies: addresses or networks of proxies before the gateway, with commas between: from them, and
            from nobody else, the customer's own address is taken (`X-Forwarded-For`).
        models_dir: where trained models live.
        quiet_seconds: how long the bot waits for a further bubble before it answers (A1).
        messages_per_minute: how many messages one conversation may send (flooding).
        conversations_per_minute: how many conversations one address may open.
        waiting_turns: conversations that may wait for the bot in one process before further messages are refused; 0:
            as many as are answered within ten seconds.
        most_readers: customers' sockets and held requests at a time in one process.
        public_url: where customers and departments reach the gateway; links in messages begin with it. Empty means
            where the gateway on this machine listens.
        site_url: the page of the shop that has the chat in it, where customers who come from WeChat are led; empty
            means the gateway's own page.
        smtp: the mail server for notices, `smtp://user:password@host:port?from=address`; empty sends no mail.
        webhook_hosts: hosts of our own network that may subscribe to events, with commas between; others must be on
            the open internet.
        wechat_app_id, wechat_secret, wechat_token, wechat_aes_key: the 公众号, as its own page shows them; without an
            id there is none, and without a key messages come unencrypted.
        wechat_mode: `push` for a verified account, `passive` for one that may only answer while the customer asks.
        wechat_api: where the 公众号's interface is; the simulator's address to try without an account.
        kf_corp_id, kf_secret, kf_token, kf_aes_key: 微信客服, as its own page shows them; without an id there is none.
        kf_api: where the interface of 微信客服 is.
        metrics_token: who brings it may read `/metrics`; without one they are for this machine alone.
        log_level: DEBUG, INFO, WARNING or ERROR.
        log_format: `text` for people, `json` for machines.
    """

    data_dir: Path = field(default=ROOT / "var")
    database: str = field(default="", repr=False)
    redis: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    drain_seconds: float = 0.0
    trusted_proxies: str = ""
    models_dir: Path = field(default=ROOT / "models")
    quiet_seconds: float = 0.4
    messages_per_minute: int = 60
    conversations_per_minute: int = 3000
    waiting_turns: int = 0
    most_readers: int = 10_000
    public_url: str = ""
    site_url: str = ""
    smtp: str = field(default="", repr=False)
    webhook_hosts: str = ""
    wechat_app_id: str = ""
    wechat_secret: str = field(default="", repr=False)
    wechat_token: str = field(default="", repr=False)
    wechat_aes_key: str = field(default="", repr=False)
    wechat_mode: str = "push"
    wechat_api: str = "https://api.weixin.qq.com"
    kf_corp_id: str = ""
    kf_secret: str = field(default="", repr=False)
    kf_token: str = field(default="", repr=False)
    kf_aes_key: str = field(default="", repr=False)
    kf_api: str = "https://qyapi.weixin.qq.com"
    metrics_token: str = field(default="", repr=False)
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def database_url(self) -> str:
        """The database's address with its default filled in."""
        return self.database or f"sqlite:///{self.data_dir / 'anfu.db'}"

    @property
    def local_address(self) -> str:
        """Where the gateway is reached on its own machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"

    @property
    def address(self) -> str:
        """Where links lead, without a slash at the end: the public address, else that of the gateway that serves."""
        if self.public_url:
            return self.public_url.rstrip("/")
        path = self.data_dir / "address"
        return path.read_text() if path.exists() else self.local_address

    def announce(self) -> None:
        """Say to the commands that work beside the gateway where it listens, so that their links lead to it."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "address").write_text(self.local_address)

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """The hosts of `webhook_hosts`."""
        return frozenset(host.strip().lower() for host in self.webhook_hosts.split(",") if host.strip())

    @property
    def cache_dir(self) -> Path:
        """Where what can be computed again is kept."""
        return self.data_dir / "cache"

    def secret(self) -> str:
        """The key that signs tokens: ANFU_SECRET, or one made at the first start and kept readable to the owner only.

        Nodes that share a database must share ANFU_SECRET.
        """
        return os.environ.get("ANFU_SECRET") or _made_once(self.data_dir / "secret")

    def data_keys(self) -> tuple[str, ...]:
        """The keys of personal data, the one that seals first: ANFU_DATA_KEYS, or one that is made as the secret is.

        Nodes that share a database must share ANFU_DATA_KEYS.
        """
        given = os.environ.get("ANFU_DATA_KEYS") or _made_once(self.data_dir / "data_keys")
        return tuple(key.strip() for key in given.split(",") if key.strip())


def _made_once(path: Path) -> str:
    """A random text that is made at the first start and kept readable to the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent) as file:  # readable to the owner only
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):  # another start made it: that one counts
                os.link(file.name, path)
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
        workers=int(env("ANFU_WORKERS", str(default.workers))),
        drain_seconds=float(env("ANFU_DRAIN_SECONDS", str(default.drain_seconds))),
        trusted_proxies=env("ANFU_TRUSTED_PROXIES", default.trusted_proxies),
        models_dir=Path(env("ANFU_MODELS_DIR", str(default.models_dir))),
        quiet_seconds=float(env("ANFU_QUIET_SECONDS", str(default.quiet_seconds))),
        messages_per_minute=int(env("ANFU_MESSAGES_PER_MINUTE", str(default.messages_per_minute))),
        conversations_per_minute=int(env("ANFU_CONVERSATIONS_PER_MINUTE", str(default.conversations_per_minute))),
        waiting_turns=int(env("ANFU_WAITING_TURNS", str(default.waiting_turns))),
        most_readers=int(env("ANFU_MOST_READERS", str(default.most_readers))),
        public_url=env("ANFU_PUBLIC_URL", default.public_url),
        site_url=env("ANFU_SITE_URL", default.site_url),
        smtp=env("ANFU_SMTP", default.smtp),
        webhook_hosts=env("ANFU_WEBHOOK_HOSTS", default.webhook_hosts),
        wechat_app_id=env("ANFU_WECHAT_APP_ID", default.wechat_app_id),
        wechat_secret=env("ANFU_WECHAT_SECRET", default.wechat_secret),
        wechat_token=env("ANFU_WECHAT_TOKEN", default.wechat_token),
        wechat_aes_key=env("ANFU_WECHAT_AES_KEY", default.wechat_aes_key),
        wechat_mode=env("ANFU_WECHAT_MODE", default.wechat_mode),
        wechat_api=env("ANFU_WECHAT_API", default.wechat_api),
        kf_corp_id=env("ANFU_KF_CORP_ID", default.kf_corp_id),
        kf_secret=env("ANFU_KF_SECRET", default.kf_secret),
        kf_token=env("ANFU_KF_TOKEN", default.kf_token),
        kf_aes_key=env("ANFU_KF_AES_KEY", default.kf_aes_key),
        kf_api=env("ANFU_KF_API", default.kf_api),
        metrics_token=env("ANFU_METRICS_TOKEN", default.metrics_token),
        log_level=env("ANFU_LOG_LEVEL", default.log_level),
        log_format=env("ANFU_LOG_FORMAT", default.log_format),
    )
