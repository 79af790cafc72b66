/** Reads and writes the YAML of `apply` and `export`. Knows nothing of what a document means. */
import { Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { usageFailure } from './failure.js';
import { visible } from './output/visible.js';

/** Aliases may repeat what stands elsewhere, but not explode (a "billion laughs" document). */
const MOST_ALIASES = 1000;
const MOST_FAULTS = 10;

/** @param name how the source is called in errors @throws CliFailure (wrong usage) with line numbers */
export function parseYamlMapping(text: string, name: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const faults = document.errors.slice(0, MOST_FAULTS).map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `  line ${line}, column ${col}: ${error.message}`;
    });
    throw usageFailure(`${name} is not valid YAML:\n${faults.join('\n')}`);
  }
  const content = plain(document, name);
  if (typeof content === 'object' && content !== null && !Array.isArray(content))
    return content as Record<string, unknown>;
  throw usageFailure(`${name} must hold a mapping with "version", "apis" and "clients"`);
}

function plain(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // The parser's guard against aliases that multiply.
    throw usageFailure(
      `${name} cannot be read: ${error instanceof Error ? error.message : 'too many aliases'}`,
    );
  }
}

/** YAML whose text holds no character that a terminal would act on; it reads back as the same value. */
export function yamlText(value: unknown, comment: string): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  document.commentBefore = comment;
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && visible(node.value) !== node.value)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({ lineWidth: 0 });
  // Whatever is left stands between double quotes, where YAML knows the same escapes.
  return text
    .split('\n')
    .map((line) =>
      visible(line).replace(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => `\\U${hex.padStart(8, '0')}`),
    )
    .join('\n');
}
