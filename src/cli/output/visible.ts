/**
 * Makes text of a server harmless for a terminal: no byte of it can move the cursor, change colours, hide or reorder
 * what stands beside it. Knows nothing of layout.
 */

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, and the invisible characters that reorder or hide
 * text (bidirectional controls, zero-width marks, the byte order mark, tags). Lone surrogates are included.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- finding control characters is what this expression is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (character: string): string => {
  const point = character.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, '0')}`;
};

/** The text with every unsafe character written as an escape such as `\u001b`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? escaped(character));
}

/** Like {@link visible}, for text of several lines: line ends and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : (NAMED[character] ?? escaped(character)),
  );
}

/** One UTF-16 unit per escape, the only form that JSON has. */
const unitsEscaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** JSON in which unsafe characters are escaped too; it parses to exactly the same value. Indented unless `compact`. */
export function jsonText(value: unknown, compact = false): string {
  const text = compact ? JSON.stringify(value) : JSON.stringify(value, null, 2);
  // Outside of strings JSON has no unsafe character but the line ends of the indentation.
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : unitsEscaped(character)));
}
