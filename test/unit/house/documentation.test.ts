import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERROR_CODES } from '../../../src/errors.js';
import { packageRoot } from '../../../src/lib/package_root.js';

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
const decisions = readdirSync(join(packageRoot, 'docs/decisions')).filter((file) => file.endsWith('.md'));

describe('docs/errors.md', () => {
  const listed = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map((match) => match[1]);

  it('lists every error code once, and no other', () => {
    expect([...listed].sort()).toEqual([...ERROR_CODES].sort());
  });
});

describe('docs/decisions', () => {
  it.each(decisions)('%s says context, choice, cost and what would change it', (file) => {
    const page = read(`docs/decisions/${file}`);
    for (const heading of ['## Context', '## Choice', '## What it costs', '## What would change it'])
      expect(page).toContain(heading);
  });

  it('numbers its pages without gaps', () => {
    const numbers = decisions.map((file) => Number(file.slice(0, 4))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

describe('links between the pages', () => {
  const pages = [
    ...readdirSync(packageRoot).filter((file) => file.endsWith('.md')),
    ...readdirSync(join(packageRoot, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
    ...decisions.map((file) => `docs/decisions/${file}`),
  ];

  it.each(pages)('%s points at files that exist', (page) => {
    const targets = [...read(page).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(packageRoot, dirname(page), target)))).toEqual([]);
  });
});
