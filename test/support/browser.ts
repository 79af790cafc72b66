/** Debian's Chromium, driven by playwright-core. TEST_CHROMIUM names it; without it the browser tests are left out. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Without these it looks for its vendor's hosts at every start. */
const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws Error when TEST_CHROMIUM does not name a Chromium */
export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['TEST_CHROMIUM'];
  if (executablePath === undefined) throw new Error('TEST_CHROMIUM names no Chromium');
  // Chromium's own sandbox does not start as root, as in a container.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0, args: QUIET });
}

/** What a page complained of while it was open: console errors, refused sources, failed requests. */
export function complaintsOf(page: Page): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') found.push(message.text());
  });
  page.on('pageerror', (error) => found.push(String(error)));
  page.on('requestfailed', (request) => found.push(`${request.url()} failed`));
  page.on('response', (response) => {
    if (response.status() >= 400) found.push(`${response.url()} answered ${response.status()}`);
  });
  return found;
}

/** A picture for whoever runs the tests, when TEST_SCREENSHOTS names a directory. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const directory = process.env['TEST_SCREENSHOTS'];
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}
