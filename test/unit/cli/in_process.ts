/** Runs a command line inside the test, without a process: arguments in, output and exit code out. */
import { run } from '../../../src/cli/run.js';
import { createTerminal } from '../../../src/cli/output/terminal.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly fetch?: typeof fetch;
  readonly isTTY?: boolean;
}

const noNetwork: typeof fetch = () => Promise.reject(new Error('this test has no network'));

/** No file of the machine is found unless the test names it. */
const NOWHERE = { GATEHOUSE_ADMIN_FILE: '/nonexistent/admin.json' };

export async function runCli(args: readonly string[], world: World = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: world.isTTY ?? false,
    write: (text: string, done?: (error?: Error | null) => void) => {
      written[name] += text;
      done?.();
      return true;
    },
  });
  const env = { ...NOWHERE, ...world.env };
  const code = await run(args, {
    env,
    stdin: (async function* () {
      yield world.stdin ?? '';
    })(),
    terminal: createTerminal(stream('stdout'), stream('stderr'), env),
    fetch: world.fetch ?? noNetwork,
    now: () => Date.parse('2026-01-15T12:00:00Z'),
  });
  return { code, ...written };
}
