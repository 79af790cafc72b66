import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planText } from '../../../src/cli/output/plan_text.js';
import { fields, table, width } from '../../../src/cli/output/table.js';
import { unpainted } from '../../../src/cli/output/terminal.js';
import { jsonText, visible, visibleLines } from '../../../src/cli/output/visible.js';
import type { Plan } from '../../../src/cli/wire.js';

// eslint-disable-next-line no-control-regex -- the characters that must never get through
const DANGEROUS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

describe('text of a server', () => {
  it('cannot act on a terminal', () => {
    expect(visible('\u001b[2J\u0007bell\r\nx\u009b31m')).toBe('\\u001b[2J\\u0007bell\\r\\nx\\u009b31m');
    expect(visible('pay\u202etxt.exe')).toBe('pay\\u202etxt.exe');
    expect(visible('Zoë 漢字 🙂')).toBe('Zoë 漢字 🙂');
    expect(visibleLines('a\n\u001bb')).toBe('a\n\\u001bb');
  });

  it('stays harmless and the same value in JSON, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = jsonText({ [text]: text });
        expect(DANGEROUS.test(json)).toBe(false);
        expect(JSON.parse(json)).toEqual({ [text]: text });
        expect(DANGEROUS.test(visible(text))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is harmless in every cell and field', () => {
    expect(table(['A'], [['\u001b]0;x\u0007']])).not.toMatch(DANGEROUS);
    expect(fields([['a', '\u001b[31m']])).not.toMatch(DANGEROUS);
  });
});

describe('tables', () => {
  it('align by what a terminal shows, wide characters included', () => {
    expect(width('漢字')).toBe(4);
    expect(width('e\u0301')).toBe(1);
    expect(
      table(
        ['NAME', 'X'],
        [
          ['漢字', '1'],
          ['abcdef', '2'],
        ],
      ),
    ).toBe('NAME    X\n漢字    1\nabcdef  2');
  });

  it('cut long cells', () => {
    const [, row = ''] = table(['NAME'], [['x'.repeat(200)]]).split('\n');
    expect(row).toHaveLength(60);
    expect(row.endsWith('…')).toBe(true);
  });
});

describe('the plan of an apply', () => {
  const plan: Plan = {
    changes: [
      {
        kind: 'api',
        id: 'urn:shop:inventory',
        action: 'update',
        fields: {
          tokenTtl: { from: 600, to: 300 },
          scopes: {
            from: [
              { name: 'a', description: '' },
              { name: 'b', description: '' },
            ],
            to: [
              { name: 'a', description: '' },
              { name: 'c', description: 'See' },
            ],
          },
        },
      },
      {
        kind: 'client',
        id: 'c_1',
        name: 'orders',
        action: 'create',
        fields: { type: { from: null, to: 'service' }, description: { from: null, to: '' } },
      },
      { kind: 'grant', id: 'c_2 urn:shop:inventory', name: 'old', action: 'delete', fields: {} },
    ],
    summary: { create: 1, update: 1, delete: 1, unchanged: 4 },
  };

  it('reads as a diff', () => {
    expect(planText(plan, false, unpainted)).toBe(
      [
        '  ~ api urn:shop:inventory',
        '      tokenTtl: 600 -> 300',
        '      scopes:',
        '        - b',
        '        + c = "See"',
        '  + client orders',
        '      type: "service"',
        '  - grant old -> urn:shop:inventory',
        '',
        'Plan: 1 to create, 1 to update, 1 to delete, 4 unchanged.',
      ].join('\n'),
    );
  });

  it('names the new ids once it is applied', () => {
    expect(planText(plan, true, unpainted)).toContain('+ client orders (c_1)');
    expect(planText(plan, true, unpainted)).toContain('Applied: 1 created');
  });

  it('says so when nothing changes', () => {
    const none = { changes: [], summary: { create: 0, update: 0, delete: 0, unchanged: 7 } };
    expect(planText(none, true, unpainted)).toBe('No changes: 7 unchanged.');
  });

  it('shows nothing of a server raw', () => {
    const change = {
      kind: 'client',
      id: '\u001b[2J',
      name: '\u001b[31m',
      action: 'update' as const,
      fields: { '\u0007': { from: '\u009b', to: ['\u202e'] } },
    };
    expect(planText({ ...plan, changes: [change] }, true, unpainted)).not.toMatch(DANGEROUS);
  });
});
