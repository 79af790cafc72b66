/** The two streams that a person or a program reads. Owns colours and broken pipes; knows nothing of what is said. */
import type { Environment } from '../../config/sources.js';

/** What is needed of process.stdout and process.stderr. */
export interface OutputStream {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';
const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export type Paint = (colour: Colour, text: string) => string;
export const unpainted: Paint = (_colour, text) => text;
const painted: Paint = (colour, text) => `\u001b[${CODES[colour][0]}m${text}\u001b[${CODES[colour][1]}m`;

/** Colours only for a terminal whose user did not refuse them (https://no-color.org). */
function painter(stream: OutputStream, env: Environment): Paint {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? painted : unpainted;
}

export interface Terminal {
  /** A line for stdout. Text of others must have been made visible before. */
  out(line: string): void;
  /** A line for stderr. */
  err(line: string): void;
  /** Writes to stdout and waits until it was taken, so that a long export does not pile up in memory. */
  stream(text: string): Promise<void>;
  readonly paint: Paint;
  readonly paintErr: Paint;
}

export function createTerminal(stdout: OutputStream, stderr: OutputStream, env: Environment): Terminal {
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    stream: (text) =>
      new Promise((resolve, reject) => {
        stdout.write(text, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    paint: painter(stdout, env),
    paintErr: painter(stderr, env),
  };
}
