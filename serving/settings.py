"""The settings of the service, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.console import MLFLOW_ADDRESS, PRINTED_IN, RUN_BY
from features.messages import Bilingual, UserError
from serving.text.validation_errors import bilingual_error, error_sentences

SHARED_LIMITS = "LIGHTS_SHARED_LIMITS"
"""Environment variable by which worker processes learn where their common counts of requests are."""
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


class SettingNote(NamedTuple):
    """What an environment variable means; unit: of its number; read_by: the commands that read it."""

    meaning: Bilingual
    read_by: Bilingual
    unit: Bilingual | None = None
    default: Bilingual | None = None


_SERVICE = Bilingual("`lights serve`、`lights demo`", "`lights serve`, `lights demo`")
_LINKS = Bilingual(
    "`lights serve`、`lights demo`、`lights user add`、`lights user reset`",
    "`lights serve`, `lights demo`, `lights user add`, `lights user reset`",
)
_WEBHOOKS = Bilingual("`lights webhook`、`lights watch`", "`lights webhook`, `lights watch`")
_ALL = Bilingual("全部命令", "all commands")
_NONE = Bilingual("无", "none")


class Settings(BaseSettings):
    """The settings; each field is the environment variable LIGHTS_ followed by its name, explained by its note."""

    model_config = SettingsConfigDict(env_prefix="LIGHTS_", extra="ignore", frozen=True)

    data: Annotated[
        Path,
        SettingNote(
            Bilingual(
                "存放全部数据的文件夹；命令行的 --data 优先", "folder of everything that is kept; --data goes before it"
            ),
            Bilingual("有 --data 的全部命令", "all commands that have --data"),
        ),
    ] = Path("var")
    database: Annotated[
        str | None,
        SettingNote(
            Bilingual(
                "人员、处置单和审计的数据库（SQLAlchemy 地址），如 postgresql+psycopg://user@host/lights",
                "database of people, cases and audit, as an SQLAlchemy address such as "
                "postgresql+psycopg://user@host/lights",
            ),
            Bilingual("服务和写审计的全部命令", "the service, and all commands that write the audit"),
            default=Bilingual("数据文件夹中的 SQLite（lights.db）", "SQLite in the data folder (lights.db)"),
        ),
    ] = None
    host: Annotated[
        str,
        SettingNote(
            Bilingual(
                "监听的地址；本机以外须同时设 LIGHTS_SECURE_COOKIES 和 LIGHTS_PUBLIC_URL",
                "address to listen on; beyond this machine LIGHTS_SECURE_COOKIES and LIGHTS_PUBLIC_URL are needed",
            ),
            _SERVICE,
        ),
    ] = "127.0.0.1"
    public_url: Annotated[
        str | None,
        SettingNote(
            Bilingual(
                "用户在浏览器中输入的地址（服务前有代理时），用于链接和登录回调",
                "the address that people type where a proxy stands in front; links and sign-in answers use it",
            ),
            _LINKS,
        ),
    ] = None
    secure_cookies: Annotated[
        bool, SettingNote(Bilingual("只经 TLS 发送 cookie", "cookies are sent over TLS alone"), _SERVICE)
    ] = False
    session_hours: Annotated[
        int,
        Field(ge=1, le=168),
        SettingNote(Bilingual("登录的有效时间", "how long a sign-in lasts"), _SERVICE, Bilingual("小时", "hours")),
    ] = 12
    link_hours: Annotated[
        int,
        Field(ge=1, le=168),
        SettingNote(
            Bilingual("一次性链接的有效时间", "how long a one-time link lasts"), _LINKS, Bilingual("小时", "hours")
        ),
    ] = 24
    requests_per_minute: Annotated[
        int,
        Field(ge=1),
        SettingNote(
            Bilingual(
                "每个密钥或登录每分钟的请求上限，也限制反复使用无效密钥的一方；全部进程合计",
                "most requests of a key or sign-in, and of a sender of keys that let nobody in; over all workers",
            ),
            _SERVICE,
            Bilingual("次每分钟", "requests a minute"),
        ),
    ] = 1200
    upload_mb: Annotated[
        int,
        Field(ge=1, le=10_000),
        SettingNote(
            Bilingual(
                "数据员一次上传的上限；前面的代理须允许同样大小",
                "the most that one upload of a clerk may hold; a proxy in front must let as much through",
            ),
            _SERVICE,
            Bilingual("MB", "MB"),
        ),
    ] = 200
    metrics_token: Annotated[
        SecretStr | None,
        SettingNote(
            Bilingual(
                "允许另一台机器上的监控读取 /metrics 的口令",
                "lets a monitor that is not on this machine read /metrics",
            ),
            _SERVICE,
        ),
    ] = None
    audit_years: Annotated[
        int,
        Field(ge=3),
        SettingNote(
            Bilingual("审计条目至少保存的年限", "how long audit entries are kept at the least"),
            Bilingual("`lights audit prune`", "`lights audit prune`"),
            Bilingual("年", "years"),
        ),
    ] = 3
    webhook_timeout: Annotated[
        int,
        Field(ge=1, le=60),
        SettingNote(
            Bilingual("一次推送从连接到答复的最长时间", "the longest that one try of a webhook may take"),
            _WEBHOOKS,
            Bilingual("秒", "seconds"),
        ),
    ] = 5
    webhook_tries: Annotated[
        int,
        Field(ge=1, le=50),
        SettingNote(
            Bilingual(
                "一条消息最多推送的次数，其后列入死信",
                "how often a message is tried before it goes to the dead-letter list",
            ),
            _WEBHOOKS,
            Bilingual("次", "times"),
        ),
    ] = 12
    webhook_first_wait: Annotated[
        int,
        Field(ge=1, le=86_400),
        SettingNote(
            Bilingual(
                "第一次失败后的等待时间，其后每次加倍", "the wait after the first failure; each later one is doubled"
            ),
            _WEBHOOKS,
            Bilingual("秒", "seconds"),
        ),
    ] = 60
    webhook_longest_wait: Annotated[
        int,
        Field(ge=1, le=604_800),
        SettingNote(
            Bilingual("两次推送之间的最长等待时间", "the longest wait between two tries"),
            _WEBHOOKS,
            Bilingual("秒", "seconds"),
        ),
    ] = 21_600
    webhook_watch_seconds: Annotated[
        int,
        Field(ge=0, le=3600),
        SettingNote(
            Bilingual(
                "lights watch 发布后用于推送的最长时间，其余留给 lights webhook deliver",
                "how long lights watch delivers after it has published; lights webhook deliver sends the others",
            ),
            Bilingual("`lights watch`", "`lights watch`"),
            Bilingual("秒", "seconds"),
        ),
    ] = 30
    manuals: Annotated[
        Path,
        SettingNote(
            Bilingual("`./run docs` 生成的手册所在文件夹", "folder of the manuals that `./run docs` built"),
            _SERVICE,
            default=Bilingual("程序所在的 `serving/pages/manuals`", "`serving/pages/manuals` of the program"),
        ),
    ] = Path(__file__).with_name("pages") / "manuals"
    oidc_issuer: Annotated[
        str | None,
        SettingNote(
            Bilingual(
                "本县统一身份认证（OpenID Connect）的地址，须为 https://；不设则不用",
                "the county's OpenID Connect provider, an https:// address; without it there is none",
            ),
            _SERVICE,
        ),
    ] = None
    oidc_client_id: Annotated[
        str | None,
        Field(validate_default=True),
        SettingNote(
            Bilingual(
                "本服务在该认证处登记的编号；设了 LIGHTS_OIDC_ISSUER 就须设",
                "the id by which the provider knows this service; needed where LIGHTS_OIDC_ISSUER is set",
            ),
            _SERVICE,
        ),
    ] = None
    oidc_client_secret: Annotated[
        SecretStr | None,
        SettingNote(
            Bilingual("登记时所得的口令；公开客户端没有", "the client's secret; a public client has none"), _SERVICE
        ),
    ] = None
    oidc_claim: Annotated[
        Literal["preferred_username", "sub"],
        SettingNote(
            Bilingual(
                "认证答复中作为账户名的项：preferred_username 或 sub",
                "which part of its answer is the account name here: preferred_username or sub",
            ),
            _SERVICE,
        ),
    ] = "preferred_username"

    @field_validator("oidc_issuer")
    @classmethod
    def check_issuer(cls, issuer: str | None) -> str | None:
        """The issuer, which must be reached over TLS or on this machine; None for an empty text."""
        if issuer and not is_safe_url(issuer):
            raise bilingual_error("应为 https:// 地址", "should be an https:// address")
        return issuer or None

    @field_validator("oidc_client_id")
    @classmethod
    def check_client_id(cls, client_id: str | None, info: ValidationInfo) -> str | None:
        """The client's id, which must be set where an issuer is; None for an empty text."""
        if info.data.get("oidc_issuer") and not client_id:
            raise bilingual_error("设了 LIGHTS_OIDC_ISSUER 就须设", "is needed, for LIGHTS_OIDC_ISSUER is set")
        return client_id or None

    @property
    def database_address(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database or f"sqlite:///{(self.data / 'lights.db').absolute()}"

    @property
    def is_secure(self) -> bool:
        """Whether passwords cross a network over TLS alone: cookies ask for it and the public address has it."""
        return self.secure_cookies and (self.public_url or "").startswith("https://")

    def check_may_listen(self, host: str) -> None:
        """Raises UserError where other machines could reach the host and passwords would go there without TLS.

        host: the address to listen on.
        """
        if host in LOOPBACK_HOSTS or self.is_secure:
            return
        raise UserError(
            f"拒绝监听 {host}：本机以外须经 HTTPS。请设 LIGHTS_SECURE_COOKIES=true 和 LIGHTS_PUBLIC_URL=https://…，"
            "并由前置代理终止 TLS。",
            f"Not listening on {host}: beyond this machine HTTPS is needed. Set LIGHTS_SECURE_COOKIES=true and "
            "LIGHTS_PUBLIC_URL=https://… and let a proxy in front end TLS.",
        )


OTHER_VARIABLES: Mapping[str, SettingNote] = {
    PRINTED_IN: SettingNote(
        Bilingual(
            "命令输出和说明的语言：zh、en 或 both",
            "language of what commands print and of their help: zh, en or both",
        ),
        _ALL,
        default=Bilingual(
            "依 LC_ALL、LC_MESSAGES、LANG；都未指明时为 both",
            "that of LC_ALL, LC_MESSAGES or LANG; both where none of them tells",
        ),
    ),
    MLFLOW_ADDRESS: SettingNote(
        Bilingual(
            "MLflow 的数据库或服务器地址；命令行的 --mlflow 优先",
            "MLflow's database or server; --mlflow goes before it",
        ),
        Bilingual("有 --mlflow 的全部命令", "all commands that have --mlflow"),
        default=Bilingual("数据文件夹中的 SQLite", "SQLite in the data folder"),
    ),
    "LIGHTS_ENVIRONMENT": SettingNote(
        Bilingual("`./run` 所用虚拟环境的文件夹", "folder of the virtual environment that `./run` uses"),
        Bilingual("`./run`", "`./run`"),
        default=Bilingual("`.venv`", "`.venv`"),
    ),
    RUN_BY: SettingNote(
        Bilingual(
            "由服务设给其后台作业：代哪个账户运行，写入运行记录和审计；请勿自行设置",
            "set by the service for its jobs: the account that a command runs for, in the run log and the audit; "
            "not to be set by hand",
        ),
        _ALL,
        default=_NONE,
    ),
    SHARED_LIMITS: SettingNote(
        Bilingual(
            "由服务设给其工作进程：共用请求计数的文件夹；请勿自行设置",
            "set by the service for its workers: folder of the requests they count together; not to be set by hand",
        ),
        Bilingual("`lights serve`", "`lights serve`"),
        default=_NONE,
    ),
}
"""Environment variables that are no field of `Settings`."""


def setting_notes() -> dict[str, SettingNote]:
    """Every environment variable LIGHTS_... with its note; a default that no note tells is that of the field."""
    notes = dict[str, SettingNote]()
    for name, field in Settings.model_fields.items():
        [note] = (each for each in field.metadata if isinstance(each, SettingNote))
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        least, most = (
            next((getattr(each, bound) for each in field.metadata if hasattr(each, bound)), None)
            for bound in ("ge", "le")
        )
        zh = "" if least is None else f"，{least} 至 {most}" if most else f"，不小于 {least}"
        en = "" if least is None else f", {least} to {most}" if most else f", {least} at the least"
        shown = _NONE if field.default is None else Bilingual(f"`{default}`{zh}", f"`{default}`{en}")
        notes[f"LIGHTS_{name.upper()}"] = note._replace(default=note.default or shown)
    return {**notes, **OTHER_VARIABLES}


def is_safe_url(url: str) -> bool:
    """Whether an address is reached over TLS or on this machine."""
    split = urlsplit(url)
    is_local = split.scheme == "http" and split.hostname in LOOPBACK_HOSTS
    return bool(split.hostname) and (split.scheme == "https" or is_local)


def settings_of(data: Path | None = None) -> Settings:
    """The settings that the environment holds.

    Args:
        data: the data folder that a command line names, in place of LIGHTS_DATA.

    Returns:
        The settings; defaults where a variable is not set.

    Raises:
        UserError: a variable is wrong; the message names it.

    Example:
        >>> from serving.settings import settings_of
        >>> settings = settings_of(tmp)
        >>> settings.data == tmp, settings.session_hours, settings.is_secure
        (True, 12, False)
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        sentences = error_sentences(
            {**each, "loc": (f"LIGHTS_{'_'.join(map(str, each['loc'])).upper()}",)} for each in error.errors()
        )
        raise UserError(f"环境变量有误：{sentences.zh}", f"An environment variable is wrong: {sentences.en}") from error
