import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { parseYamlMapping, yamlText } from '../../../src/cli/yaml_document.js';

const messageOf = (text: string): string => {
  try {
    parseYamlMapping(text, 'FILE');
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'was read';
};

describe('reading YAML', () => {
  it('names line and column of what is wrong', () => {
    expect(messageOf('version: 1\napis: [\n  - x\n')).toMatch(
      /^FILE is not valid YAML:\n {2}line \d+, column \d+: /,
    );
    expect(messageOf('a: 1\nb: 2\na: 3\n')).toContain('line 3, column 1');
  });

  it('refuses aliases that multiply (a billion laughs)', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let depth = 1; depth < 12; depth += 1) {
      const aliases = Array.from({ length: 10 }, () => `*a${depth - 1}`).join(', ');
      lines.push(`a${depth}: &a${depth} [${aliases}]`);
    }
    expect(messageOf(lines.join('\n'))).toContain('alias');
  });

  it('takes a mapping and nothing else', () => {
    expect(parseYamlMapping('version: 1\napis: []\n', 'FILE')).toEqual({ version: 1, apis: [] });
    for (const text of ['', '- a', 'word', '1']) expect(messageOf(text)).toContain('must hold a mapping');
  });
});

describe('writing YAML', () => {
  it('round-trips whatever a document may hold, without a character that a terminal acts on', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(value, fc.array(value))), (content) => {
        const text = yamlText({ version: 1, content: { ...content } }, ' c');
        // eslint-disable-next-line no-control-regex -- the characters that must never get through
        expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(parse(text)).toEqual({ version: 1, content: { ...content } });
      }),
      { numRuns: 300 },
    );
  });
});
