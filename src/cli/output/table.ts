/** Lays out rows and fields as text. Every cell is made harmless here, so that no caller can forget it. */
import { visible } from './visible.js';

/** Cells longer than this are cut with an ellipsis; the whole value is in `--json` and `show`. */
const WIDEST_CELL = 60;

/** Columns of a terminal that a text takes; East Asian wide characters and emoji take two, combining marks none. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}

const padded = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)));

function cell(value: string): string {
  const text = visible(value);
  if (width(text) <= WIDEST_CELL) return text;
  let cut = '';
  for (const character of text) {
    if (width(cut + character) >= WIDEST_CELL) break;
    cut += character;
  }
  return `${cut}…`;
}

/** A table with a head line; the last column is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(cell))];
  const widths = head.map((_, column) =>
    lines.reduce((widest, line) => Math.max(widest, width(line[column] ?? '')), 0),
  );
  return lines
    .map((line) =>
      line
        .map((text, column) => (column === head.length - 1 ? text : padded(text, widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `label  value` lines; values that are empty are left out. */
export function fields(pairs: readonly (readonly [label: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => (pair[1] ?? '') !== '');
  const widest = shown.reduce((most, [label]) => Math.max(most, label.length), 0);
  return shown.map(([label, value]) => `${label.padEnd(widest)}  ${visible(value)}`).join('\n');
}
