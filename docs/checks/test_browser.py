"""Every page as a browser shows it: on a screen, light and dark, and a phone, without a network.

Chromium and its driver are those of the system (``apt-get install chromium chromium-driver``).
"""

import shutil

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
WebDriverException = pytest.importorskip("selenium.common").WebDriverException

WIDTHS = {"screen": 1280, "phone": 390}
# Colors do not depend on the width, nor what fits on the colors.
VIEWS = (("screen", "light"), ("screen", "dark"), ("phone", "light"))
HEIGHT = 900
CONTRAST = 4.5  # that WCAG asks for text
ROUNDING = 1  # pixel

# Formulas that take no room or hold an error; what is wider than its page although it cannot be
# scrolled; words that cannot be told from what is behind them.
LOOK = """
const faults = [];
const article = document.querySelector('article') || document.body;
for (const formula of document.querySelectorAll('math')) {
  const box = formula.getBoundingClientRect();
  const hidden = formula.closest('details:not([open]), .sd-d-none');
  if (!hidden && (box.width < 1 || box.height < 1)) faults.push('empty: ' + formula.textContent);
  if (formula.querySelector('merror')) faults.push('error: ' + formula.textContent);
}
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width + arguments[0])
  faults.push('the page is ' + document.documentElement.scrollWidth + ' wide, not ' + width);
const scrolls = (element) => {
  for (let e = element; e && e !== document.body; e = e.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(e).overflowX)) return true;
  return false;
};
for (const element of article.querySelectorAll('p, li, img, math, table, pre, dt, h1, h2, h3')) {
  const box = element.getBoundingClientRect();
  if (box.width > 0 && box.right > width + arguments[0] && !scrolls(element))
    faults.push(`${element.tagName} ends at ${box.right}: ${element.textContent.slice(0, 60)}`);
}
for (const image of article.querySelectorAll('img'))
  if (image.complete && image.naturalWidth === 0) faults.push('no picture: ' + image.src);
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => {
  const [r, g, b] = channels(color).map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    const [r, g, b, a] = channels(color);
    if (a === undefined || a > 0.99) return color;
  }
  return 'rgb(255, 255, 255)';
};
for (const element of article.querySelectorAll('p, li, td, math, dt, pre, pre span')) {
  if (!element.getBoundingClientRect().width || !element.textContent.trim()) continue;
  const a = light(getComputedStyle(element).color), b = light(behind(element));
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < arguments[1])
    faults.push('contrast ' + contrast.toFixed(1) + ': ' + element.textContent.slice(0, 60));
}
return faults;
"""

# The theme of the site hears of the preference, and then sets its colors.
SETTLE = """
const [scheme, done] = arguments;
const settled = () => {
  const theme = document.documentElement.dataset.theme;
  if (theme === undefined || theme === scheme) requestAnimationFrame(() => setTimeout(done, 50));
  else requestAnimationFrame(settled);
};
settled();
"""


@pytest.fixture(scope="session")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")  # there is no network
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except WebDriverException as error:
        pytest.skip(f"chromium does not start here: {(error.msg or '').splitlines()[:1]}")
    yield found
    found.quit()


def test_page_reads_well(browser, page):
    browser.get("about:blank")
    browser.get_log("browser")  # what the page before says late
    browser.get(page.as_uri())
    for device, scheme in VIEWS:
        show(browser, WIDTHS[device], scheme)
        faults = browser.execute_script(LOOK, ROUNDING, CONTRAST)
        assert faults == [], f"{device}, {scheme}"
    loaded = browser.execute_script("return performance.getEntries().map((entry) => entry.name)")
    assert [name for name in loaded if name.startswith("http")] == []
    assert [line for line in browser.get_log("browser") if line["level"] != "INFO"] == []


def show(browser, width: int, scheme: str) -> None:
    """Give the page this width in pixels, and colors as the reader's system prefers them."""
    size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < HEIGHT}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    preferred = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferred})
    browser.execute_async_script(SETTLE, scheme)
