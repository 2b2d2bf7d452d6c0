"""Numbers that requests want plotted."""

import pytest

from sensorium.agent.embedded.numbers import Row, numbers_in


def counted(*values: float) -> Row:
    return Row(x=tuple(float(place) for place in range(1, len(values) + 1)), y=values)


@pytest.mark.parametrize(
    ("text", "kind", "rows"),
    [
        ("plot 3, 5, 8, 13 as bars", "bar", [counted(3, 5, 8, 13)]),
        ("plot 3,5,8,13", "line", [counted(3, 5, 8, 13)]),
        ("plot 1 2 3 4", "line", [counted(1, 2, 3, 4)]),
        ("plot 5 and 7", "line", [counted(5, 7)]),
        ("plot $10, $20, $30", "line", [counted(10, 20, 30)]),
        ("plot these numbers: 1.5, -2, 3e2", "line", [counted(1.5, -2, 300)]),
        ("plot 1,000, 2,000, 3,500", "line", [counted(1000, 2000, 3500)]),
        ("plot Jan 10, Feb 12, Mar 9", "bar", [Row(x=("Jan", "Feb", "Mar"), y=(10, 12, 9))]),
        ("Plot Jan 10 Feb 12 Mar 9", "bar", [Row(x=("Jan", "Feb", "Mar"), y=(10, 12, 9))]),
        ("pie chart of A 30%, B 70%", "pie", [Row(x=("A", "B"), y=(30, 70))]),
        ("pie chart of 1, 2", "pie", [Row(x=("1", "2"), y=(1, 2))]),
        ("plot revenue: 2021 10, 2022 12", "bar", [Row(name="revenue", x=("2021", "2022"), y=(10, 12))]),
        ("draw a line chart of 2021: 10, 2022: 12", "line", [Row(x=("2021", "2022"), y=(10, 12))]),
        (
            "plot sales: 3, 4, 5; costs: 1, 2, 2 as lines",
            "line",
            [Row(name="sales", x=(1, 2, 3), y=(3, 4, 5)), Row(name="costs", x=(1, 2, 3), y=(1, 2, 2))],
        ),
        ("plot x: 1,2,3 y: 4,5,6", "line", [Row(name="y", x=(1, 2, 3), y=(4, 5, 6))]),
        ("scatter plot 1, 2; 3, 4", "scatter", [Row(x=(1, 3), y=(2, 4))]),
        ("histogram of 1 2 2 3 3 3", "bar", [Row(x=("1", "2", "3"), y=(1, 2, 3))]),
        ("画一个柱状图：一月 10，二月 12", "bar", [Row(x=("一月", "二月"), y=(10, 12))]),
        ("把这些数字画成折线图：3、5、8、13", "line", [counted(3, 5, 8, 13)]),
        ("画个饼图，A占30%，B占70%", "pie", [Row(x=("A", "B"), y=(30, 70))]),
        ("给我画一个柱状图：苹果3，梨5", "bar", [Row(x=("苹果", "梨"), y=(3, 5))]),
        ("画个饼图 苹果30 香蕉50 梨20", "pie", [Row(x=("苹果", "香蕉", "梨"), y=(30, 50, 20))]),
        ("2020年 10，2021年 12 画成柱状图", "bar", [Row(x=("2020年", "2021年"), y=(10, 12))]),
    ],
)
def test_numbers_are_read(text: str, kind: str, rows: list[Row]) -> None:
    found = numbers_in(text)
    assert found is not None
    assert (found.kind, list(found.rows)) == (kind, rows)


def test_a_title_is_no_label() -> None:
    found = numbers_in('make a bar chart titled "Sales 2024" of apples 3, pears 5 and plums 2')
    assert found is not None
    assert (found.title, found.rows) == ("Sales 2024", (Row(x=("apples", "pears", "plums"), y=(3, 5, 2)),))


def test_a_histogram_of_many_values_counts_them_in_ranges() -> None:
    found = numbers_in("histogram of " + ", ".join(str(value / 2) for value in range(100)))
    assert found is not None
    assert sum(found.rows[0].y) == 100
    assert len(found.rows[0].x) == 10


@pytest.mark.parametrize("text", ["plot it", "chart", "plot 5", "画图", "make a chart of the loudness"])
def test_fewer_than_two_numbers_are_no_chart(text: str) -> None:
    assert numbers_in(text) is None
