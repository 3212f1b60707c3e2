// A real headless Chromium for tests of the page. It reaches loopback alone and keeps nothing.

import type { Browser } from "puppeteer-core";

const program = "/usr/bin/chromium-headless-shell";

/** @throws Error when Debian's chromium-headless-shell is not installed, as `make test` does */
export async function startBrowser(): Promise<Browser & AsyncDisposable> {
  const { launch } = await import("puppeteer-core");
  const browser = await launch({
    executablePath: program,
    headless: "shell",
    pipe: true,
    args: [
      // Chromium does not sandbox itself for root, which the tests run as.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() });
}
