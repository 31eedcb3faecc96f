"""Carries out one command. Passwords of real accounts are asked for or read from a file, not seen in a process list."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Final

from medreg_core.contract.v1.courier import ANSWERS_SUFFIX
from medreg_core.domain.records import AccountId, DeviceId, Institution, InstitutionId
from medreg_core.domain.vocabulary import RescueState, RevocationReason, Role
from medreg_server.cli.courier import read_bundle, write_whole
from medreg_server.cli.devices import device_lines, rescued_lines
from medreg_server.cli.exam import report_lines
from medreg_server.cli.parser import Options
from medreg_server.cli.receipts import keys_in, printed_keys, proof_in, verdict_lines
from medreg_server.cli.serving import run_service
from medreg_server.db.backup import back_up
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import migrate
from medreg_server.db.scope import WHOLE_REGISTER, Scope
from medreg_server.services.accounts import AccountDesk
from medreg_server.services.audit_heads import verify_audit
from medreg_server.services.courier import CourierDesk
from medreg_server.services.demo.passers import passers
from medreg_server.services.demo.seed import SEED, Size, seed_demo
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.exam.import_list import ExamImport
from medreg_server.services.exam.pass_list import write_exam_list
from medreg_server.services.keys import own_public_key
from medreg_server.services.registry import NewAccount, RegistryFault, institution_with
from medreg_server.services.service import Service, new_epoch, open_service, restore
from medreg_server.settings import Settings, SettingsFault, load_settings


def run(options: Options) -> int:
    """Carry out the command of ``options`` and return the exit status."""
    settings = load_settings(
        database_url=options.database, data_dir=options.data_dir, host=options.host, port=options.port
    )
    return _COMMANDS[options.command](options, settings)


def _serve(options: Options, settings: Settings) -> int:
    if options.migrate_first:
        _migrate(options, settings)
    with _opened(settings):
        pass  # says now, and not from a worker process, what keeps the service from starting
    os.environ["MEDREG_DATABASE_URL"] = settings.database_url
    os.environ["MEDREG_DATA_DIR"] = settings.data_dir
    return run_service(settings.host, settings.port, options.workers)


def _migrate(options: Options, settings: Settings) -> int:
    engine = open_engine(settings.database_url, patient=True)
    try:
        migrate(engine, options.revision)
    finally:
        engine.dispose()
    return 0


def _create_institution(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        institution = Institution(
            id=service.registry.new_institution_id(options.region),
            name=options.name,
            code=options.code,
            credit_code=options.credit_code,
            region=options.region,
            address=options.address,
            postcode=options.postcode,
            authority=options.authority,
            departments=_listed(options.departments),
            subjects=_listed(options.subjects),
            county_level=options.county_level,
        )
        service.registry.add_institution(institution)
    print(institution.id)
    return 0


def _create_account(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        account_id = service.registry.add_account(
            NewAccount(
                login=options.login,
                name=options.name,
                role=Role(options.role),
                password=_password(options),
                institution_id=_institution(service, options.institution),
                region=options.region,
                id=AccountId(options.account_id) if options.account_id else None,
            )
        )
    print(account_id)
    return 0


def _disable_account(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        AccountDesk(service.environment, service.passwords).disable(options.login)
    return 0


def _enable_account(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        AccountDesk(service.environment, service.passwords).enable(options.login)
    return 0


def _set_password(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        AccountDesk(service.environment, service.passwords).set_password(options.login, _password(options))
    return 0


def _devices(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        for line in device_lines(service, _scope(service, options.institution)):
            print(line)
    return 0


def _revoke_device(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        DeviceDesk(service.environment).revoke_for_operator(DeviceId(options.device), RevocationReason(options.because))
    return 0


def _rescued(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        for line in rescued_lines(service, _scope(service, options.institution)):
            print(line)
    return 0


def _import_exam(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        report = ExamImport(service.environment).run(
            options.file, dry_run=options.dry_run, skip_faulty=options.skip_faulty
        )
    for line in report_lines(report):
        print(line)
    return 1 if report.faults and not report.written else 0


def _demo_data(options: Options, settings: Settings) -> int:
    password = options.password or secrets.token_urlsafe(9)
    with _opened(settings) as service:
        accounts = seed_demo(service.environment, service.passwords, password, size=Size(physicians=options.physicians))
        if options.exam_list is not None:
            entries = (passer.entry for passer in passers(SEED, service.environment.today()))
            write_exam_list(options.exam_list, entries, service.environment.tables)
    print(f"password {password}")
    for account in accounts.staff:
        print(f"{account.role.value} {account.login}")
    print(f"{Role.PHYSICIAN.value} {accounts.physicians[0].login} … {accounts.physicians[-1].login}")
    return 0


def _backup(options: Options, settings: Settings) -> int:
    back_up(settings.database_url, options.file)
    return 0


def _restore(options: Options, settings: Settings) -> int:
    print(restore(settings, options.file, options.reason))
    with _opened(settings) as service, service.environment.database.read() as transaction:
        waiting = transaction.rescued.counts(WHOLE_REGISTER).get(RescueState.WAITING, 0)
    if waiting:
        print(f"{waiting} decisions of computers that were shut out wait for supervisors; see rescued", file=sys.stderr)
    return 0


def _new_epoch(options: Options, settings: Settings) -> int:
    print(new_epoch(settings, options.reason))
    return 0


def _prune_feed(_: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        service.registry.prune_feed()
    return 0


def _verify_audit(_: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        result = verify_audit(service.environment.database, service.audit_heads)
    for loss in result.lost:
        print(
            f"{loss.chain}: what stood behind row {loss.end}, up to row {loss.known} at least,"
            f" was lost with the restore of {loss.at:%Y-%m-%dT%H:%M:%SZ} (epoch {loss.epoch})"
        )
    for flaw in result.flaws:
        print(f"{flaw.chain} row {flaw.seq}: {flaw.reason}")
    print(f"{result.chains} chains, {result.rows} rows, {len(result.flaws)} flaws")
    return 1 if result.flaws else 0


def _public_keys(_: Options, settings: Settings) -> int:
    with _opened(settings) as service, service.environment.database.read() as transaction:
        print(printed_keys(transaction.server_state.public_keys()))
    return 0


def _import_courier(options: Options, settings: Settings) -> int:
    with _opened(settings) as service:
        answer = CourierDesk(service.environment).take(read_bundle(options.file))
    answers = options.answers or options.file.with_suffix(ANSWERS_SUFFIX)
    write_whole(answers, answer.file)
    print(f"{answer.carried_out} answered, {answer.left} to be brought again; answers in {answers}")
    return 0


def _verify_receipt(options: Options, settings: Settings) -> int:
    keys = keys_in(options.keys) if options.keys else own_public_key(Path(settings.data_dir))
    lines = list(verdict_lines(proof_in(options.file), keys))
    print("\n".join(lines))
    return 0 if lines[-1] == "PROVEN" else 1


_COMMANDS: Final[dict[str, Callable[[Options, Settings], int]]] = {
    "serve": _serve,
    "migrate": _migrate,
    "create-institution": _create_institution,
    "create-account": _create_account,
    "disable-account": _disable_account,
    "enable-account": _enable_account,
    "set-password": _set_password,
    "devices": _devices,
    "revoke-device": _revoke_device,
    "rescued": _rescued,
    "import-exam": _import_exam,
    "demo-data": _demo_data,
    "backup": _backup,
    "restore": _restore,
    "new-epoch": _new_epoch,
    "prune-feed": _prune_feed,
    "verify-audit": _verify_audit,
    "import-courier": _import_courier,
    "public-keys": _public_keys,
    "verify-receipt": _verify_receipt,
}


@contextmanager
def _opened(settings: Settings) -> Iterator[Service]:
    service = open_service(settings, engine=open_engine(settings.database_url, patient=True))
    try:
        yield service
    finally:
        service.close()


def _institution(service: Service, code: str) -> InstitutionId | None:
    if not code:
        return None
    with service.environment.database.read() as transaction:
        institution = institution_with(transaction, code)
    if institution is None:
        raise RegistryFault("institution_unknown")
    return institution.id


def _scope(service: Service, code: str) -> Scope:
    return Scope(institution_id=_institution(service, code)) if code else WHOLE_REGISTER


def _password(options: Options) -> str:
    if options.password_file is None:
        return getpass("Password: ")
    try:  # editors of Windows put a mark before the text, which nobody types who signs in
        return options.password_file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise SettingsFault("--password-file", "the file is no UTF-8 text") from error


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
