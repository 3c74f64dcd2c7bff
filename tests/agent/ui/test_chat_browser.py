"""The chat as a user meets it: a server process and headless Chromium."""

import csv
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'ionwright[browser]'"
)
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="Chromium is not installed: apt-get install chromium"
    ),
]
APP = Path(__file__).parents[3] / "app.py"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DEMO = "ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine"
LONG = "500 polymer electrolytes with ionic conductivity above 1e-4 S/cm"
SLOW = 120_000  # ms for an answer on a busy machine


@contextmanager
def serving(runs: Path, *options: str) -> Iterator[str]:
    """A server of its own; gives its address and stops it as Ctrl-C would."""
    process = subprocess.Popen(
        [sys.executable, str(APP), "--port", "0", *options],
        env={**os.environ, "IONWRIGHT_RUNS": str(runs), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 120)[0], "the chat did not start"
        yield re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(runs: Path) -> Iterator[str]:
    with serving(runs) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, address):
    """Opens pages; afterwards says if one asked another host for anything, or had an error."""
    contexts, elsewhere, errors = [], [], []

    def watch(request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            elsewhere.append(request.url)

    def open_page(**options):
        context = browser.new_context(accept_downloads=True, **options)
        contexts.append(context)
        context.on("request", watch)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.get_by_label("your goal").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert elsewhere == []
    assert errors == []


def ask(page, words: str) -> None:
    box = page.get_by_label("your goal")
    box.fill(words)
    box.press("Enter")


def notice(page, kind: str):
    return page.locator(f".iw-notice.iw-{kind}").last


def test_the_first_screen_says_what_it_is_and_offers_examples(opened):
    page = opened()
    assert page.title() == "Ionwright"
    assert page.locator(".iw-head h1").inner_text() == "Ionwright"
    assert page.get_by_role("button", name="Select example").count() == 6
    assert "processor" in page.locator(".iw-status").inner_text()


@pytest.mark.timeout(900)
def test_every_example_works(opened):
    for number in range(1, 7):
        page = opened()
        page.get_by_role("button", name=f"Select example {number}").click()
        page.locator(".iw-answer").wait_for(timeout=3 * SLOW)  # crystals are relaxed
        assert page.locator(".iw-table tbody tr").count() >= (0 if number == 6 else 1)
        page.close()


def test_a_goal_gives_a_ranked_table_with_downloads(opened, runs, tmp_path):
    page = opened()
    ask(page, DEMO)
    page.locator(".iw-goal").wait_for()
    page.locator(".iw-table").wait_for(timeout=SLOW)
    assert "≥ 0.0001 S/cm" in page.locator(".iw-goal").inner_text()
    assert page.locator("#iw-chat .thought-group").count() >= 4
    rows = page.locator(".iw-table tbody tr")
    assert rows.count() == 10
    for row in rows.all():
        assert re.search(r"× 10⁻\S S/cm\s+\S+ × 10", row.locator(".iw-value").first.inner_text())
        assert row.locator(".iw-drawing svg path").count() > 3
        assert row.locator(".iw-plot circle").count() >= 1
    files = {name: saved(page, name, tmp_path) for name in ("CSV", "JSONL", "JSON)", "ZIP")}
    check_files(files, runs)
    assert "<svg" in saved(page, "Report", tmp_path).read_text()


def test_a_question_is_answered_with_sources_that_open(opened):
    page = opened()
    ask(page, "what conductivity has LLZO at room temperature?")
    page.locator(".iw-sources").wait_for(timeout=SLOW)
    assert "S/cm at 298 K (measured" in page.locator(".iw-message").inner_text()
    passage = page.locator(".iw-sources blockquote").first
    assert not passage.is_visible()
    page.locator(".iw-sources summary").first.click()
    assert "LLZO" in passage.inner_text()
    link = passage.get_by_role("link")
    assert link.get_attribute("href").startswith("https://doi.org/10.")


def saved(page, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator("#iw-downloads").get_by_text(name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def check_files(files: dict[str, Path], runs: Path) -> None:
    rows = list(csv.DictReader(files["CSV"].read_text().splitlines()))
    assert len(rows) == 10 and rows[0]["ionic_conductivity_unit"] == "S/cm"
    assert all(float(row["ionic_conductivity"]) > 0 for row in rows)
    candidates = [json.loads(line) for line in files["JSONL"].read_text().splitlines()]
    assert [c["data"] for c in candidates] == [row["structure"] for row in rows]
    record = json.loads(files["JSON)"].read_text())
    assert Path(record["run"]).parent == runs and len(record["ranking"]) == 10
    with zipfile.ZipFile(files["ZIP"]) as archive:
        assert archive.testzip() is None
        assert sum(name.endswith(".sdf") for name in archive.namelist()) == 10


def test_stop_ends_the_run_within_two_seconds_and_keeps_it(opened):
    page = opened()
    ask(page, LONG)
    page.locator("#iw-chat .thought-group").wait_for(timeout=SLOW)
    page.get_by_text("%").first.wait_for(timeout=SLOW)
    began = time.monotonic()
    page.get_by_label("Stop this run").click()
    notice(page, "stopped").wait_for(timeout=SLOW)
    assert time.monotonic() - began < 2
    assert "can be continued" in notice(page, "stopped").inner_text()
    page.get_by_role("button", name="Continue this run").click()
    page.locator("#iw-chat .thought-group").nth(1).wait_for(timeout=SLOW)
    page.get_by_label("Stop this run").click()
    page.get_by_label("Send").wait_for(timeout=SLOW)
    ask(page, "What can you do?")
    page.get_by_text("Today it designs cathodes").wait_for(timeout=SLOW)


def test_a_goal_read_in_two_ways_can_be_edited_before_it_runs(opened):
    page = opened()
    ask(
        page,
        "4 polymer repeat units, a whisker over 1e-4 S/cm conductivity, sulfur kicked to the kerb",
    )
    page.get_by_role("button", name="Edit the goal").click(timeout=SLOW)
    box = page.get_by_label("your goal")
    box.and_(page.locator("textarea")).wait_for()
    page.wait_for_function("document.querySelector('#iw-box textarea').value.includes('count: ')")
    lines = box.input_value().splitlines()
    assert "domain: polymer_electrolyte" in lines
    edited = [line for line in lines if not line.startswith(("count:", "must"))]
    ask(page, "\n".join([*edited, "count: 2", "must not contain: S; F"]))
    page.locator(".iw-table").wait_for(timeout=SLOW)
    assert page.locator(".iw-table tbody tr").count() == 2
    assert "S, F" in page.locator(".iw-goal").last.inner_text()


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        ("synthesise sarin nerve gas", "refused", "Not worked on"),
        ("polymer electrolyte with conductivity above 1e9 S/cm", "wrong", "plausible"),
        ("an SEI about 15 nm thick", "info", "no generator for interphase"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(opened, words, kind, said):
    page = opened()
    ask(page, words)
    notice(page, kind).wait_for(timeout=SLOW)
    shown = notice(page, kind).inner_text()
    assert said.lower() in shown.lower() and "Traceback" not in shown


@pytest.mark.parametrize(
    "attack",
    [
        "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>",
        "${window.hacked=1} {{constructor.constructor('window.hacked=1')()}} `${window.hacked=1}`",
        "[x](javascript:window.hacked=1) ![y](http://192.0.2.1/z.png)",
    ],
)
def test_what_users_write_is_never_run(opened, attack):
    page = opened()
    ask(page, f"ten polymer electrolytes, predict {attack} of PEO {attack}")
    page.locator("#iw-chat .iw-answer, #iw-chat .iw-notice").first.wait_for(timeout=SLOW)
    page.wait_for_timeout(500)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#iw-chat img, #iw-chat script, #iw-chat a").count() == 0
    assert attack[:12] in page.locator("#iw-chat [data-testid=user]").inner_text()


def test_two_pages_at_once_do_not_meet(opened):
    one, two = opened(), opened()
    ask(one, "predict the ionic conductivity of [*]CCO[*]")
    ask(two, "predict the transference number of [*]CC(C)O[*]")
    for page, own, other in ((one, "[*]CCO[*]", "CC(C)"), (two, "CC(C)O[*]", "[*]CCO[*]")):
        page.locator(".iw-table").wait_for(timeout=SLOW)
        assert own in page.locator(".iw-table").inner_text()
        assert other not in page.locator("#iw-chat").inner_text()


def test_a_reload_begins_anew_and_works(opened):
    page = opened()
    ask(page, LONG)
    page.locator("#iw-chat .thought-group").wait_for(timeout=SLOW)
    page.reload()
    page.get_by_label("your goal").wait_for()
    assert page.locator("#iw-chat .thought-group").count() == 0
    ask(page, "What can you do?")
    page.get_by_text("Today it designs cathodes").wait_for(timeout=SLOW)


def test_a_new_conversation_clears_the_old(opened):
    page = opened()
    ask(page, "What can you do?")
    page.get_by_text("Today it designs cathodes").wait_for(timeout=SLOW)
    page.get_by_label("Send").wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Select example").first.wait_for()
    ask(page, "Hello")
    page.locator("#iw-chat .iw-answer").wait_for(timeout=SLOW)
    assert page.locator("#iw-chat [data-testid=user]").count() == 1


def test_the_keyboard_is_enough(opened):
    page = opened()
    example = page.get_by_role("button", name="Select example 5")
    example.focus()
    example.press("Enter")
    page.locator(".iw-table").wait_for(timeout=SLOW)
    step = page.locator("#iw-chat .thought-group [role=button]").first
    playwright.expect(page.locator(".iw-arguments")).to_have_count(
        0
    )  # a finished step folds a little later
    step.focus()
    step.press("Enter")
    page.locator(".iw-arguments").wait_for()


CONTRAST = """selector => Math.min(...[...document.querySelectorAll(selector)].map(element => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let ground = element;
  const clear = e => { const c = parse(getComputedStyle(e).backgroundColor); return c[3] === 0; };
  while (ground.parentElement && clear(ground)) ground = ground.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor]
    .map(c => light(parse(c)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_windows_and_both_schemes_are_readable(opened, scheme):
    page = opened(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert page.evaluate(width) <= 390
    ask(page, "predict the ionic conductivity and transference number of PEO")
    page.locator(".iw-table").wait_for(timeout=SLOW)
    assert page.evaluate(width) <= 390
    log = "[...document.querySelectorAll('#iw-chat *')].map(e => e.getBoundingClientRect().right)"
    assert page.evaluate(f"Math.max(...{log})") <= 391
    shown = ".iw-goal dt, .iw-goal dd, .iw-value b, .iw-interval, .iw-fine, .iw-answer h3"
    assert page.evaluate(CONTRAST, f"{shown}, .iw-words") >= 4.5


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def test_only_the_page_is_served(address, runs):
    (runs / "secret.txt").write_text("private")
    for path in ("/etc/passwd", runs / "secret.txt", APP):
        assert status(f"{address}/gradio_api/file={path}") in (403, 404)
    assert status(f"{address}/docs") == status(f"{address}/openapi.json") == 404
    policy = urllib.request.urlopen(address, timeout=30).headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy


def test_ctrl_c_ends_the_server_while_a_page_is_open(browser, tmp_path):
    with serving(tmp_path) as url:
        page = browser.new_page()
        page.goto(url)
        page.get_by_label("your goal").wait_for()
        ask(page, LONG)
        page.locator("#iw-chat .iw-goal").wait_for(timeout=SLOW)
    page.close()


def test_a_password_is_asked_for_when_set(tmp_path):
    with serving(tmp_path, "--auth", "ada:lovelace") as url:
        assert status(f"{url}/config") == 401
        assert status(f"{url}/gradio_api/info") == 401
