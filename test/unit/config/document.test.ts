import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { configurationDocument } from '../../../src/config/document.js';
import { packageRoot } from '../../../src/lib/package_root.js';

describe('docs/configuration.md', () => {
  it('is what the table of settings generates (run `npm run docs`)', () => {
    expect(readFileSync(`${packageRoot}docs/configuration.md`, 'utf8')).toBe(configurationDocument());
  });

  it('names every default', () => {
    const text = configurationDocument();
    expect(text).toContain('| `GATEHOUSE_PORT` | `port` | `4000` |');
    expect(text).toContain('| `DATABASE_URL` | `database_url` |  |');
  });
});
