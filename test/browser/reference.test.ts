/** The reference of the admin API as a person sees it: in a real browser, wide and narrow, light and dark, by keyboard. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { complaintsOf, launchBrowser, screenshot } from '../support/browser.js';
import { startGatehouse, type Node } from '../support/gatehouse.js';

const LOOKS: [string, BrowserContextOptions][] = [
  ['wide, light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['wide, dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['narrow, light', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ['narrow, dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
];

let node: Node;
let browser: Browser;
beforeAll(async () => {
  node = await startGatehouse();
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await node.stop();
});

async function withPage(look: BrowserContextOptions, work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(look);
  try {
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await page.goto(`${node.adminUrl}/admin/v1/`);
    await work(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

describe.each(LOOKS)('the API reference, %s', (name, look) => {
  it('is styled, fits the window, and breaks no rule of accessibility', async () => {
    await withPage(look, async (page) => {
      await screenshot(page, `reference, ${name}`);
      const dark = look.colorScheme === 'dark';
      const back = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(back).toBe(dark ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)');
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).toBe(0);
      // Descriptions mark code as Markdown does; a reader of the page sees code.
      expect(await page.evaluate<string>('document.body.innerText')).not.toContain('`');
      // Evaluated from outside: the page's own policy lets no script in.
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<AxeResults>('axe.run()');
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
    });
  });
});

describe('the API reference', () => {
  const [, look] = LOOKS[0] ?? ['', {}];

  it('shows every operation of the OpenAPI description, and every link leads to something', async () => {
    const description = (await (await fetch(`${node.adminUrl}/admin/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const operations = Object.values(description.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    await withPage(look, async (page) => {
      const headings = await page.evaluate<string[]>(
        `[...document.querySelectorAll('h2')].map(({ innerText }) => innerText)`,
      );
      expect(headings.slice(0, 3)).toEqual(['APIs', 'Clients', 'Client secrets']);
      const shown = await page.evaluate<string[]>(
        `[...document.querySelectorAll('article')].map(({ id }) => id)`,
      );
      expect(shown).toEqual(expect.arrayContaining(operations));
      const dangling = await page.evaluate<string[]>(
        `[...document.querySelectorAll('a[href^="#"]')]
          .map((link) => link.getAttribute('href').slice(1))
          .filter((id) => document.getElementById(id) === null)`,
      );
      expect(dangling).toEqual([]);
    });
  });

  it('is walked by keyboard: a section is reached, its heading comes into view, and focus is seen', async () => {
    await withPage(look, async (page) => {
      const link = `document.querySelector('nav a[href="#clients"]')`;
      for (let presses = 0; presses < 50; presses += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate<boolean>(`${link} === document.activeElement`)) break;
      }
      expect(await page.evaluate<string>(`getComputedStyle(${link}).outlineStyle`)).not.toBe('none');
      await page.keyboard.press('Enter');
      expect(
        await page.evaluate<number>(`document.getElementById('clients').getBoundingClientRect().top`),
      ).toBeLessThan(900);
      await screenshot(page, 'reference, a section');
      expect(new URL(page.url()).hash).toBe('#clients');
    });
  });
});
