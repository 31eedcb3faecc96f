"""示例省 (99): its places, its health commission, its three hospitals and what their departments do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from medreg_core.domain.codes.credit_code import make_credit_code
from medreg_core.domain.codes.institution_code import make_institution_code
from medreg_core.domain.records import Institution, InstitutionId
from medreg_core.domain.vocabulary import Category

PROVINCE: Final = "99"
PROVINCE_NAME: Final = "示例省"
CITY: Final = "示例市"
REGISTER_REGION: Final = "990100"
"""Region of the city's authority: practice codes and review forms are issued under it."""

REGISTER_REGIONS: Final = (
    REGISTER_REGION,
    "990200",
    "990102",
    "990103",
    "990104",
    "990121",
    "990122",
    "990221",
    "990222",
)
"""Where practice codes go on when a region's million serials are used up."""

COUNTIES: Final = ("990102", "990103", "990104", "990121", "990122", "990202", "990221", "990222")
"""Where the physicians were born: the counties of 示例省 in the region table."""

AUTHORITY: Final = "示例市卫生健康委员会"
ISSUER: Final = "示例省卫生健康委员会"


_EXAM_CATEGORIES: Final = {
    Category.CLINICAL: "10",
    Category.DENTAL: "20",
    Category.PUBLIC_HEALTH: "30",
    Category.CHINESE: "40",
}


@dataclass(frozen=True, slots=True)
class Ward:
    """A department, the category and scope (key of the scope table) its physicians register, and its share of them."""

    department: str
    category: Category
    scope: str
    weight: int

    @property
    def exam_category(self) -> str:
        """The exam category (``domain.md`` §7.2) whose holders work here."""
        return "50" if self.department == "中西医结合科" else _EXAM_CATEGORIES[self.category]


def _wards(category: Category, *rows: tuple[str, str, int]) -> tuple[Ward, ...]:
    return tuple(Ward(department, category, scope, weight) for department, scope, weight in rows)


_CLINICAL_WARDS: Final = _wards(
    Category.CLINICAL,
    ("心血管内科", "internal_medicine", 9),
    ("呼吸内科", "internal_medicine", 8),
    ("消化内科", "internal_medicine", 7),
    ("神经内科", "internal_medicine", 7),
    ("内分泌科", "internal_medicine", 4),
    ("肾内科", "internal_medicine", 3),
    ("普外科", "surgery", 8),
    ("骨科", "surgery", 8),
    ("神经外科", "surgery", 4),
    ("泌尿外科", "surgery", 4),
    ("麻醉科", "anaesthesia", 5),
    ("产科", "obstetrics_gynaecology", 5),
    ("妇科", "obstetrics_gynaecology", 5),
    ("新生儿科", "paediatrics", 3),
    ("儿科", "paediatrics", 5),
    ("眼科", "eye_ear_nose_throat", 3),
    ("耳鼻咽喉科", "eye_ear_nose_throat", 3),
    ("皮肤科", "dermatology_venereology", 3),
    ("心理科", "mental_health", 2),
    ("放射科", "imaging_radiotherapy", 6),
    ("超声科", "imaging_radiotherapy", 4),
    ("检验科", "laboratory_pathology", 3),
    ("病理科", "laboratory_pathology", 2),
    ("全科医学科", "general_practice", 4),
    ("急诊科", "emergency", 5),
    ("康复医学科", "rehabilitation", 3),
)
_OTHER_WARDS: Final = (
    *_wards(Category.DENTAL, ("口腔科", "dental", 7)),
    *_wards(Category.PUBLIC_HEALTH, ("预防保健科", "public_health", 4)),
    *_wards(
        Category.CHINESE,
        ("中医科", "chinese_medicine", 6),
        ("针灸推拿科", "chinese_medicine", 4),
        ("中西医结合科", "integrated_medicine", 3),
    ),
)


@dataclass(frozen=True, slots=True)
class Hospital:
    """One institution of the demo with its wards and its share (percent) of the province's physicians."""

    institution: Institution
    wards: tuple[Ward, ...]
    share: int

    def ward(self, department: str) -> Ward:
        """Return the ward of that department; raises StopIteration for one the hospital does not have."""
        return next(ward for ward in self.wards if ward.department == department)


def _hospital(
    number: int,
    name: str,
    region: str,
    address: str,
    share: int,
    wards: tuple[Ward, ...],
    *,
    county_level: bool = False,
) -> Hospital:
    organisation = f"99{number:06d}"
    institution = Institution(
        id=InstitutionId(f"{region}-{number:04d}"),
        name=name,
        code=make_institution_code(organisation, region, economy="11", kind="A100", management="1"),
        credit_code=make_credit_code("12", region, organisation),
        region=region,
        address=PROVINCE_NAME + CITY + address,
        postcode="990000",
        authority=AUTHORITY,
        departments=tuple(ward.department for ward in wards),
        subjects=tuple(dict.fromkeys(ward.scope for ward in wards)),
        county_level=county_level,
    )
    return Hospital(institution, wards, share)


_COUNTY_DEPARTMENTS: Final = frozenset(
    (
        *("心血管内科", "呼吸内科", "消化内科", "普外科", "骨科", "麻醉科", "产科", "妇科", "儿科", "放射科", "检验科"),
        *("全科医学科", "急诊科", "口腔科", "预防保健科", "中医科"),
    )
)
_ALL_WARDS: Final = (*_CLINICAL_WARDS, *_OTHER_WARDS)

HOME: Final = _hospital(2, "示例市第二人民医院", REGISTER_REGION, "示例区示例大道 2 号", 45, _ALL_WARDS)
"""The institution whose registrar the demo signs in."""

NEIGHBOUR: Final = _hospital(1, "示例市第一人民医院", REGISTER_REGION, "城东区人民路 1 号", 40, _ALL_WARDS)
COUNTY: Final = _hospital(
    3,
    "示例县人民医院",
    "990121",
    "示例县城关镇健康路 3 号",
    15,
    tuple(ward for ward in _ALL_WARDS if ward.department in _COUNTY_DEPARTMENTS),
    county_level=True,
)
HOSPITALS: Final = (HOME, NEIGHBOUR, COUNTY)
