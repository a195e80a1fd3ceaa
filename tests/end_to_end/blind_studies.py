"""Studies that are read blind, made by the coordinator of a running product."""

from typing import Any

from playwright.sync_api import Browser

from tests.end_to_end.conftest import Person, Product


def demo_films(coordinator: Person, region: str = "", *, last: bool = False) -> list[int]:
    """The demonstration's films of the first visit, or of the last one, oldest first.

    Its patients are those who came twice: what other tests have brought in meanwhile is not here.
    """
    url = f"{coordinator.product.address}/api/v1/radiographs?state=ready"
    films = coordinator.page.request.get(url).json()["results"]
    visits: dict[str, set[str]] = {}
    for film in films:
        visits.setdefault(film["patient"], set()).add(film["visit_date"])
    wanted = max if last else min
    return sorted(
        film["id"]
        for film in films
        if len(visits[film["patient"]]) > 1
        and film["visit_date"] == wanted(visits[film["patient"]])
        and region in ("", film["region"])
    )


def blind_study_of_four(product: Product, chromium: Browser, name: str, **more: Any) -> int:
    """A study of this name in which both readers read four of the films blind; its round."""
    context = chromium.new_context()
    office = Person(context.new_page(), product)
    office.signs_in("coordinator")
    made = blind_study(office, name, demo_films(office)[:4], **more)
    context.close()
    return made


def blind_study(coordinator: Person, name: str, films: list[int], **more: Any) -> int:
    """A study in which both readers read the films blind, designed so or otherwise; its round."""
    request, address = coordinator.page.request, coordinator.product.address
    design: dict[str, Any] = {
        "name": name,
        "readers": ["reader", "reader2"],
        "adjudicators": [],
        "region": None,
        "radiographs": films,
        "rounds": [{"washout_days": 0}],
        "assist_mode": "blind",
        "cervical_squaring": "none",
        "missing_sites": "R3",
    } | more
    token = request.get(f"{address}/api/v1/session").json()["csrf_token"]
    headers = {"X-CSRFToken": token, "Referer": address}
    answer = request.post(f"{address}/api/v1/studies", data=design, headers=headers)
    assert answer.ok, answer.text()
    return int(answer.json()["rounds"][0]["id"])
