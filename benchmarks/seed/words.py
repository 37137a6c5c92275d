"""Persian texts with a natural (Zipf) distribution of words."""

from bisect import bisect
from itertools import accumulate
from random import Random

from civicportal.util.persian import ZWNJ

COMMON = (
    "آسفالت خیابان چاله کوچه زباله سطل چراغ خاموش پیاده‌رو شکسته آب جوی گرفتگی درخت شاخه خشک پارک نیمکت بوی بد "
    "مدرسه بچه‌ها نزدیک میدان روبه‌روی بانک سر نبش مسجد بازار شب صبح هفته ماه روز پیش هنوز دوباره لطفاً رسیدگی کنید "
    "خطرناک است شده ریخته مانده نشده می‌شود نمی‌شود خودرو موتور عابران سالمندان ایستگاه اتوبوس تابلو راهنما خط‌کشی "
    "ساختمان نیمه‌کاره مصالح نخاله کامیون سروصدا کارگاه مغازه دستفروش دیوار پل عابر جدول فاضلاب دریچه فرورفته لوله "
    "ترکیده سگ ولگرد موش پشه سمپاشی فضای سبز چمن آبیاری کود گل باغچه وسایل بازی خراب تاب سرسره دوربین سرعت‌گیر"
).split()
_BEGIN = (
    "آب بر پر تا جو چم خا دل را زر سا شا کا گل ما مه نو نی هم یا پا تی رو سر شهر گر بهار کو باد نار".split()
)
_MIDDLE = "لا را نا وا ما دا سا گو بی زی مو شی نو رو تا چی کا هی".split()
_END = "ن ر م د س ش ستان زار گاه بان ور دار گر مند ناک ین یک ه آباد سار".split()
SIZE = 6000


class Vocabulary:
    """Six thousand words, the first of them real, the others plausible; the n-th is 1/n as frequent as the first."""

    def __init__(self, rng: Random) -> None:
        words = dict.fromkeys(COMMON)
        while len(words) < SIZE:
            middle = "".join(rng.choice(_MIDDLE) for _ in range(rng.randint(0, 2)))
            joint = ZWNJ if rng.random() < 0.1 else ""
            words[rng.choice(_BEGIN) + middle + joint + rng.choice(_END)] = None
        self.words = list(words)
        self._weights = list(accumulate(1 / rank for rank in range(1, SIZE + 1)))

    def draw(self, rng: Random, least: int = 8, most: int = 20) -> list[str]:
        """Return the words of one text."""
        return rng.choices(self.words, cum_weights=self._weights, k=rng.randint(least, most))


class Skew:
    """Choices of which the n-th is ``1 / n ** power`` as frequent as the first."""

    def __init__(self, count: int, power: float = 1.0) -> None:
        self._ends = list(accumulate(1 / rank**power for rank in range(1, count + 1)))

    def draw(self, rng: Random) -> int:
        """Return an index."""
        return min(bisect(self._ends, rng.random() * self._ends[-1]), len(self._ends) - 1)
