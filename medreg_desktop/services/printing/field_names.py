"""The names a template may use: fields with a text, and ticks. What fills them is in :mod:`fields`."""

from __future__ import annotations

from medreg_core.domain.vocabulary import Kind

EXPERIENCE_ROWS = 3

_PERSON = """
name sex nation birth_date id_kind id_number education degree school graduated_on major phone address postcode
professional_title title_since
"""
_QUALIFICATION = """
qualification_level qualification_category qualification_code qualification_obtained qualification_issuer
"""
_REGISTRATION = """
practice_code registered_place registered_institution registered_level registered_category registered_scopes
registered_department registered_on registered_sites
"""
_REQUEST = """
place institution_label institution_name institution_code institution_postcode institution_address category level
scopes department practice_term start_on reason
"""
_STATEMENT = "training health punishments other"
_FORM = """
form_number form_number_shown code digest_short print_mark kind submitted_on opinion signed former_opinion
own_institution authority
"""

QUALIFICATION_FIELDS = frozenset(_QUALIFICATION.split())
REGISTRATION_FIELDS = frozenset(_REGISTRATION.split())
EXPERIENCE_FIELDS = frozenset(
    f"experience_{row}_{part}"
    for row in range(1, EXPERIENCE_ROWS + 1)
    for part in ("period", "unit", "post", "witness")
)
FIELDS = (
    QUALIFICATION_FIELDS
    | REGISTRATION_FIELDS
    | EXPERIENCE_FIELDS
    | set((_PERSON + _REQUEST + _STATEMENT + _FORM).split())
)
"""Every field a template may show."""

TICK_OF_KIND = {kind: "change" if kind is Kind.TRANSFER_FROM_MILITARY else kind.value for kind in Kind}
"""The box of 申请事项 that an application of each kind ticks."""

TICKS = frozenset({*TICK_OF_KIND.values(), "pending", "undecided", "approved", "denied"})
"""Everything a template may tick, or make a watermark depend on. 准予 and 不予 are left to the authority's pen."""
