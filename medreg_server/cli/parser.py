"""The command line: names fixed by ``design.md`` §9."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medreg_core.domain.vocabulary import RevocationReason, Role
from medreg_server import __version__

_ROLES = [role.value for role in Role if role not in {Role.SYSTEM, Role.PHYSICIAN}]


@dataclass
class Options(Namespace):
    """What was asked for; fields of other commands keep their defaults."""

    command: str = ""
    database: str | None = None
    data_dir: str | None = None
    host: str | None = None
    port: int | None = None
    workers: int = 1
    migrate_first: bool = False
    revision: str = "head"
    file: Path = Path()
    name: str = ""
    code: str = ""
    credit_code: str = ""
    region: str = ""
    address: str = ""
    postcode: str = ""
    authority: str = ""
    departments: str = ""
    subjects: str = ""
    county_level: bool = False
    login: str = ""
    role: str = Role.REGISTRAR.value
    institution: str = ""
    account_id: str = ""
    password_file: Path | None = None
    physicians: int = 5_000
    password: str = ""
    reason: str = "restore"
    dry_run: bool = False
    skip_faulty: bool = False
    exam_list: Path | None = None
    device: str = ""
    because: str = ""
    keys: Path | None = None
    answers: Path | None = None


def build_parser() -> ArgumentParser:
    """Return the parser of ``medreg-server``."""
    parser = ArgumentParser(prog="medreg-server", description="Central service of MedReg (医师电子化注册).")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--database", help="sqlite:///FILE or postgresql://… (MEDREG_DATABASE_URL)")
    parser.add_argument("--data-dir", help="directory of keys and audit heads (MEDREG_DATA_DIR)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = _common()

    serve = commands.add_parser("serve", parents=[common], help="serve the API")
    serve.add_argument("--host", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on; 0 takes a free one (8460)")
    serve.add_argument("--workers", type=int, default=1, help="processes; PostgreSQL only (1)")
    serve.add_argument("--migrate", dest="migrate_first", action="store_true", help="bring the schema up to date first")

    migrate = commands.add_parser("migrate", parents=[common], help="bring the schema up to date")
    migrate.add_argument("--revision", default="head", help="another revision than the newest")

    _institution(commands.add_parser("create-institution", parents=[common], help="register an institution"))
    _account(commands.add_parser("create-account", parents=[common], help="make an account"))

    for name, text in (
        ("disable-account", "shut an account out and end its sessions"),
        ("enable-account", "let an account in again"),
        ("set-password", "give an account another password and end its sessions"),
    ):
        commands.add_parser(name, parents=[common], help=text).add_argument("login")
    _password(commands.choices["set-password"])

    _devices(commands.add_parser, common)

    exam = commands.add_parser("import-exam", parents=[common], help="import the exam centre's pass list (.xlsx)")
    exam.add_argument("file", type=Path)
    exam.add_argument("--dry-run", action="store_true", help="only say what would be done")
    exam.add_argument("--skip-faulty", action="store_true", help="import the other rows although some are faulty")

    demo = commands.add_parser("demo-data", parents=[common], help="fill an empty register with a made-up province")
    demo.add_argument("--physicians", type=int, default=5_000)
    demo.add_argument("--password", default="", help="password of every demo account; a random one if left out")
    demo.add_argument("--exam-list", type=Path, default=None, help="also write this year's pass list here (.xlsx)")

    for name, text in (("backup", "write a copy of the database"), ("restore", "fill an empty database from a copy")):
        commands.add_parser(name, parents=[common], help=text).add_argument("file", type=Path)

    epoch = commands.add_parser("new-epoch", parents=[common], help="after a restore or fail-over done by other means")
    epoch.add_argument("--reason", default="fail-over")
    commands.add_parser("prune-feed", parents=[common], help="forget changes older than MEDREG_FEED_DAYS")
    commands.add_parser("verify-audit", parents=[common], help="recompute the audit chains")
    commands.add_parser("public-keys", parents=[common], help="print the public keys that receipts are verified with")
    courier = commands.add_parser("import-courier", parents=[common], help="carry out a courier's file of decisions")
    courier.add_argument("file", type=Path, help="what the desktop program wrote (.mrc)")
    courier.add_argument("--answers", type=Path, default=None, help="where to write the answers (beside it, .mra)")
    receipt = commands.add_parser("verify-receipt", parents=[common], help="verify a decision receipt, offline")
    receipt.add_argument("file", type=Path, help="PDF or JSON")
    receipt.add_argument("--keys", type=Path, default=None, help="what public-keys printed; else our own key")
    return parser


def _common() -> ArgumentParser:
    """Return the options that may also stand behind the command; given nowhere they change nothing."""
    common = ArgumentParser(add_help=False, argument_default=None)
    common.add_argument("--database", default=SUPPRESS, help="sqlite:///FILE or postgresql://…")
    common.add_argument("--data-dir", default=SUPPRESS, help="directory of keys and audit heads")
    return common


def _devices(add: Callable[..., ArgumentParser], common: ArgumentParser) -> None:
    listed = add("devices", parents=[common], help="list the devices of institutions")
    revoke = add("revoke-device", parents=[common], help="shut a device out for good")
    revoke.add_argument("device", help="its id, as `devices` lists it")
    reasons = [reason.value for reason in RevocationReason]
    revoke.add_argument("--reason", dest="because", choices=reasons, required=True)
    lane = add("rescued", parents=[common], help="list the commands rescued from revoked devices")
    for parser in (listed, lane):
        parser.add_argument("--institution", default="", help="registration number of one institution; all if left out")


def _institution(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="standard name 标准名称")
    parser.add_argument("--code", required=True, help="registration number 机构登记号")
    parser.add_argument("--region", required=True, help="six digits")
    parser.add_argument("--credit-code", default="", help="统一社会信用代码")
    parser.add_argument("--address", default="")
    parser.add_argument("--postcode", default="")
    parser.add_argument("--authority", default="", help="approving authority 审批机关")
    parser.add_argument("--departments", default="", help="separated by commas")
    parser.add_argument("--subjects", default="", help="scope codes on the licence 诊疗科目, separated by commas")
    parser.add_argument("--county-level", action="store_true", help="county level or below")


def _account(parser: ArgumentParser) -> None:
    parser.add_argument("--login", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--role", choices=_ROLES, default=Role.REGISTRAR.value)
    parser.add_argument("--institution", default="", help="registration number of the institution")
    parser.add_argument("--region", default="", help="for role commission: six digits")
    parser.add_argument("--id", dest="account_id", default="", help="its old id, where a restore has taken the account")
    _password(parser)


def _password(parser: ArgumentParser) -> None:
    parser.add_argument("--password-file", type=Path, default=None, help="file with the password; asked for without it")
