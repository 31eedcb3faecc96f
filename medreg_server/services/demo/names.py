"""Draws invented names that are as awkward as real ones.

Common names crowd (so that homonyms occur), surnames have readings that dictionaries get wrong, some have two
characters, one name in fifty carries the separator ``·`` and one in a hundred a character outside the everyday sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final, Generic, TypeVar

from medreg_core.domain.vocabulary import Sex

T = TypeVar("T")


class Weighted(Generic[T]):
    """A list to draw from, each item with its weight."""

    __slots__ = ("_cumulative", "items")

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self.items = items
        self._cumulative = list(accumulate(weights))

    @classmethod
    def zipf(cls, items: Sequence[T]) -> Weighted[T]:
        """Weigh the items by one over their rank, flattened at the head as real name counts are."""
        return cls(items, [1 / (rank + 3) for rank in range(len(items))])

    def draw(self, rng: Random, count: int) -> list[T]:
        """Draw ``count`` items with replacement."""
        return rng.choices(self.items, cum_weights=self._cumulative, k=count)


@dataclass(frozen=True, slots=True)
class Name:
    """A name and the nation (GB/T 3304) it goes with."""

    text: str
    nation: str


POLYPHONIC_SURNAMES: Final = "单仇曾解查区朴盖乐任华宓冼召折覃葛翟燕尹宁洗缪员尧逄晁纪那牟褚郇訾"
"""Surnames whose reading as a surname differs from the everyday one, or which are read wrongly in some other way."""

COMPOUND_SURNAMES: Final = (
    *("欧阳", "尉迟", "令狐", "上官", "司马", "诸葛", "东方", "皇甫", "慕容", "长孙", "宇文", "司徒", "公孙", "夏侯"),
    *("万俟", "澹台", "端木", "独孤", "申屠", "濮阳", "淳于", "单于", "呼延", "闻人", "南宫", "轩辕"),
)
RARE_SURNAMES: Final = "𠮷㑇昝缑仉郄亓佘"
RARE_GIVEN: Final = "䶮㛃𬱖𫍯𬭎𫖯𬘭𬴂䴖㻒㬢䒟𬍛𬸚𪸩𫘦䜣㴗𫄧𬀩㧐𫓹"

_COMMON_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文"
)
_MEN: Final = (
    *(
        "伟",
        "强",
        "磊",
        "军",
        "勇",
        "杰",
        "涛",
        "超",
        "明",
        "刚",
        "平",
        "辉",
        "鹏",
        "斌",
        "波",
        "建国",
        "建华",
        "志强",
        "浩然",
    ),
    *("宇轩", "子轩", "俊杰", "文博", "志远", "海涛", "国强", "思远", "一鸣", "天佑", "博文", "建军", "永强", "家豪"),
)
_WOMEN: Final = (
    *(
        "芳",
        "娜",
        "敏",
        "静",
        "丽",
        "艳",
        "娟",
        "霞",
        "燕",
        "玲",
        "婷",
        "雪",
        "慧",
        "莉",
        "秀英",
        "桂英",
        "秀兰",
        "玉兰",
        "雨桐",
    ),
    *("梓涵", "思琪", "欣怡", "佳怡", "晓燕", "雅琴", "海燕", "婷婷", "诗涵", "若曦", "淑珍", "丽华", "春梅", "可馨"),
)
_MEN_FIRST: Final = "建志文国海永家俊明子思宇浩天一承景知行星予之以怀云正德立启泽嘉彦博睿皓书"
_MEN_SECOND: Final = "华强军平明杰伟峰林东辉宇轩然豪涛鹏远航洋帆舟朗毅恒成之行安川哲霖尧昊衡钧岳"
_WOMEN_FIRST: Final = "秀玉晓丽雅思梦佳欣雨诗若淑春海桂美慧婉清静可心芷语乐亦沐念锦知书云晚时以"
_WOMEN_SECOND: Final = "英兰芳华梅玲燕琴霞珍怡涵琪婷馨萱瑶宁安然溪禾雪月颖蕾洁雯菲悦桐晴柔真雨微"

_DOTTED_MEN: Final = (
    *("麦麦提", "阿卜杜热西提", "艾力", "吐尔逊", "买买提", "库尔班", "玉素甫", "依明", "托合提", "亚森", "努尔麦麦提"),
    *("木合塔尔", "阿不力孜", "伊力哈木", "帕尔哈提", "热合曼", "沙塔尔", "达吾提", "居马", "卡德尔", "肉孜", "赛买提"),
)
_DOTTED_WOMEN: Final = (
    *("古丽娜尔", "阿依古丽", "帕提古丽", "热依汗古丽", "米日古丽", "阿曼古丽", "祖丽皮亚", "迪丽拜尔", "阿米娜"),
    *("热孜万古丽", "玛依拉", "茹仙古丽", "努尔比亚", "布海丽且姆", "汗克孜", "塔吉古丽", "再娜甫", "萨拉买提"),
)
_NATIONS: Final = Weighted(
    ("01", "03", "04", "06", "07", "08", "10", "11", "12", "15", "02", "14"),
    (91.0, 1.5, 0.5, 0.8, 0.8, 1.5, 0.4, 1.2, 0.3, 1.0, 0.7, 0.3),
)
_DOTTED_NATIONS: Final = Weighted(("05", "17", "29", "43"), (85, 10, 3, 2))

_surname_list: Final = (*_COMMON_SURNAMES, *POLYPHONIC_SURNAMES)
_SURNAMES: Final = Weighted(
    _surname_list,
    [1 / (rank + 3) for rank in range(len(_COMMON_SURNAMES))] + [0.005] * len(POLYPHONIC_SURNAMES),
)


def _given(popular: Sequence[str], first: str, second: str) -> Weighted[str]:
    """Four names in ten from the popular list, the rest any pair of characters."""
    pairs = [a + b for a in first for b in second if a != b]
    return Weighted(
        (*popular, *pairs),
        [0.4 / len(popular) * 2 * (1 - rank / len(popular)) for rank in range(len(popular))]
        + [0.6 / len(pairs)] * len(pairs),
    )


_GIVEN: Final = {
    Sex.MALE: _given(_MEN, _MEN_FIRST, _MEN_SECOND),
    Sex.FEMALE: _given(_WOMEN, _WOMEN_FIRST, _WOMEN_SECOND),
}
_DOTTED: Final = {Sex.MALE: Weighted.zipf(_DOTTED_MEN), Sex.FEMALE: Weighted.zipf(_DOTTED_WOMEN)}
_FATHERS: Final = Weighted.zipf(_DOTTED_MEN)
_SHAPES: Final = Weighted(("plain", "dotted", "rare", "compound"), (95.8, 2.0, 1.0, 1.2))


def draw_names(rng: Random, sexes: Sequence[Sex]) -> list[Name]:
    """Draw one name for each of ``sexes`` (male or female only), in bulk: single draws cost several times more."""
    count = len(sexes)
    shapes = _SHAPES.draw(rng, count)
    surnames = _SURNAMES.draw(rng, count)
    nations = _NATIONS.draw(rng, count)
    given = {sex: iter(names.draw(rng, count)) for sex, names in _GIVEN.items()}
    return [
        Name(surname + next(given[sex]), nation) if shape == "plain" else _uncommon(rng, shape, sex, surname, nation)
        for shape, sex, surname, nation in zip(shapes, sexes, surnames, nations, strict=True)
    ]


def _uncommon(rng: Random, shape: str, sex: Sex, surname: str, nation: str) -> Name:
    if shape == "dotted":
        own, father = _DOTTED[sex].draw(rng, 1)[0], _FATHERS.draw(rng, 1)[0]
        return Name(f"{own}·{father}", _DOTTED_NATIONS.draw(rng, 1)[0])
    given = _GIVEN[sex].draw(rng, 1)[0]
    if shape == "compound":
        return Name(rng.choice(COMPOUND_SURNAMES) + given, nation)
    if rng.random() < 0.2:  # one rare name in five has its rare character in the surname
        return Name(rng.choice(RARE_SURNAMES) + given, nation)
    return Name(surname + given[:-1] + rng.choice(RARE_GIVEN), nation)
