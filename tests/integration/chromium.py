# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium under the tests' hand, by the DevTools protocol over two pipes: what a person
does with mouse and keyboard is sent as real input, and what the page complains about is kept."""

import base64
import itertools
import json
import os
import queue
import subprocess
import threading
import time

from clients import need

WAIT = 15
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    # A mouse, which a machine without a screen lacks.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)
# DevTools' bit for Shift, and how keys that are no characters are called.
SHIFT = 8
NAMED = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, " ": 32}


class Browser:
    """One Chromium process with a profile of its own in `directory`."""

    def __init__(self, directory):
        command, from_us = os.pipe()
        answers, back = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4.
        script = f'exec "$@" 3<&{command} 4>&{back}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", need("chromium"), *OPTIONS]
            + [f"--user-data-dir={directory}", "about:blank"],
            pass_fds=(command, back),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command)
        os.close(back)
        self._out = os.fdopen(from_us, "wb", buffering=0)
        self._in = os.fdopen(answers, "rb")
        self._numbers = itertools.count(1)
        self._replies = {}
        self.pages = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        data = b""
        while chunk := os.read(self._in.fileno(), 65536):
            *whole, data = (data + chunk).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._replies[message["id"]].put(message)
                elif page := self.pages.get(message.get("sessionId")):
                    page.on_event(message["method"], message["params"])

    def ask(self, method, session=None, **params):
        """The result of one command."""
        number = next(self._numbers)
        self._replies[number] = queue.SimpleQueue()
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._out.write(json.dumps(message).encode() + b"\0")
        reply = self._replies[number].get(timeout=WAIT)
        del self._replies[number]
        assert "error" not in reply, (method, reply)
        return reply["result"]

    def page(self):
        """A new page, with cookies of its own."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Page(self, session["sessionId"], context)

    def close(self):
        self.ask("Browser.close")
        self.process.wait(WAIT)
        self._out.close()


class Page:
    def __init__(self, browser, session, context):
        self.browser = browser
        self.session = session
        self.context = context
        self.faults = []  # exceptions, console errors, violations of the policy, failed requests
        self.asked = []  # the URL of each request
        self.expected = r"(?!)"  # what tests expect among the faults, as a pattern
        self.width = 0
        browser.pages[session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        return self.browser.ask(method, self.session, **params)

    def on_event(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.faults.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["source"] != "recommendation":
            self.faults.append("{source}: {text} {url}".format(**{"url": "", **params["entry"]}))
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def close(self):
        del self.browser.pages[self.session]
        self.browser.ask("Target.disposeBrowserContext", browserContextId=self.context)

    def look(self, width=1280, height=900, scheme="light", motion="reduce"):
        """The size of the window, and what the person prefers."""
        self.width = width
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def open(self, url):
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def value(self, expression):
        """What a JavaScript expression (or promise) is; a JSON value."""
        answer = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, (expression, answer)
        return answer["result"].get("value")

    def until(self, expression, seconds=WAIT):
        """Waits until the expression is true, and returns what it is then."""
        end = time.monotonic() + seconds
        while True:
            try:
                if found := self.value(expression):
                    return found
            except AssertionError:  # between two documents
                if time.monotonic() > end:
                    raise
            assert time.monotonic() < end, f"never: {expression}\n{self.text('body')[:2000]}"
            time.sleep(0.02)

    def text(self, selector):
        """What a person reads there; "" when it is not shown."""
        node = f"document.querySelector({json.dumps(selector)})"
        return self.value(f"{node}?.checkVisibility() ? {node}.innerText : ''")

    def until_text(self, selector, words):
        """Waits for `words` in what is shown there."""
        node = f"document.querySelector({json.dumps(selector)})"
        self.until(f"{node}?.checkVisibility() && {node}.innerText.includes({json.dumps(words)})")

    def click(self, selector):
        """One press of the left button in the middle of the element."""
        quoted = json.dumps(selector)
        self.until(f"document.querySelector({quoted})?.checkVisibility()")
        x, y = self.value(
            f"""(() => {{
                const node = document.querySelector({quoted});
                node.scrollIntoView({{ block: "center" }});
                const box = node.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def press(self, *keys):
        """Keys as a keyboard sends them: "a", "A" (with Shift), "Enter", "ArrowDown"."""
        for key in keys:
            shifted = len(key) == 1 and key.isupper()
            code = NAMED.get(key, ord(key.upper()[0]))
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": SHIFT * shifted}
            down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
            self.ask("Input.dispatchKeyEvent", **down, **common)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text):
        """Text into the field that has the focus."""
        self.ask("Input.insertText", text=text)

    def tree(self):
        """(role, name) of everything that is read aloud, in that order."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        below = {node["nodeId"]: node for node in nodes}

        def walk(node):
            if not node["ignored"]:
                yield node["role"]["value"], node.get("name", {}).get("value", "")
            for child in node.get("childIds", ()):
                if child in below:
                    yield from walk(below[child])

        return list(walk(nodes[0]))

    def overflow(self):
        """By how many pixels the document is wider than the window; 0 when all fits. (A phone's
        innerWidth grows with what does not fit.)"""
        return max(0, self.value("document.scrollingElement.scrollWidth") - self.width)

    def shot(self, path):
        """A picture of the window, for people."""
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
