"""The answer of one review rule, what it may look at, and the words for its basis."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from medreg_core.domain.calendar import WorkCalendar
from medreg_core.domain.records import Institution
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CheckResult


class Basis(StrEnum):
    """What a rule rests on. A law article carries its number: ``physicians_law:14``, see :func:`law`."""

    SCOPE_RULES = "scope_rules"  # 关于医师执业注册中执业范围的暂行规定
    INSTITUTION_REGULATIONS = "institution_regulations"  # 医疗机构管理条例
    REGISTRATION_MEASURES = "registration_measures"  # 医师执业注册管理办法 (13号令)
    SYSTEM = "system"  # 本系统
    CONFIGURABLE = "configurable"  # 可设置: the authority's own practice


def law(article: int) -> str:
    """Return the basis for an article of 中华人民共和国医师法 (2021)."""
    return f"physicians_law:{article}"


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """Everything outside the application that a rule may look at."""

    today: date
    tables: Tables
    calendar: WorkCalendar
    institution: Institution
    online: bool


@dataclass(frozen=True, slots=True)
class Check:
    """What one rule says. ``code`` names the rule, ``reason`` the case within it; texts make sentences of both."""

    code: str
    result: CheckResult
    article: str
    params: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    configurable: bool = False  # a number in it is set in rules.toml


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's name and basis; its answers are made by the three methods, so that none can forget them."""

    code: str
    article: str
    configurable: bool = False

    def passed(self, reason: str = "", **params: str) -> Check:
        """Return 通过."""
        return self._answer(CheckResult.PASS, reason, params)

    def failed(self, reason: str, **params: str) -> Check:
        """Return 未通过, which blocks agreeing; the reason is what the registrar must be told."""
        return self._answer(CheckResult.FAIL, reason, params)

    def unknown(self, reason: str, **params: str) -> Check:
        """Return 未定: data are missing here. Never counted as passed, never blocking."""
        return self._answer(CheckResult.UNKNOWN, reason, params)

    def _answer(self, result: CheckResult, reason: str, params: dict[str, str]) -> Check:
        return Check(self.code, result, self.article, params, reason, self.configurable)
