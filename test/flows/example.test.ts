import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../support/process.js';

describe('npm run example', () => {
  it('makes every call go as expected', async () => {
    const script = fileURLToPath(new URL('../../examples/shop/main.js', import.meta.url));
    const example = startProcess(script, [], {});
    expect([await example.exited, example.stderr()]).toEqual([0, '']);
    const text = example.stdout();
    expect(text).toContain('Everything went as expected.');
    expect(text).not.toContain('WRONG');
    expect(text.match(/^ {2}allowed /gm)?.length).toBeGreaterThanOrEqual(4);
    expect(text.match(/^ {2}refused /gm)?.length).toBeGreaterThanOrEqual(9);
  });
});
