import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSink } from '../../../src/log/sink.js';

const sinkModule = new URL('../../../src/log/sink.js', import.meta.url).href;

/** Runs a script in a process of its own; `close` closes the reading end of its output at once. */
async function run(
  script: string,
  close = false,
): Promise<{ output: string; code: number | null; stderr: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  if (close) child.stdout.destroy();
  else child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { output, code, stderr };
}

describe('the sink of log lines', () => {
  it('writes whole lines in order and has written them when flush resolves', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-sink-'));
    const file = join(directory, 'log');
    const fd = openSync(file, 'w');
    const sink = openSink(fd);
    const expected = Array.from({ length: 2000 }, (_, i) => `${i} ${'é'.repeat(i % 50)}\n`);
    for (const line of expected) sink.write(line);
    sink.write(`${'z'.repeat(20_000)}\n`);
    await sink.flush();
    expect(readFileSync(file, 'utf8')).toBe(`${expected.join('')}${'z'.repeat(20_000)}\n`);
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  it.each(['await sink.flush(); process.exit(0)', 'process.exit(0)', ''])(
    'loses no last line when the process ends by %j',
    async (end) => {
      const { output, code } = await run(
        `import { openSink } from '${sinkModule}'; const sink = openSink(); sink.write('first\\n'); sink.write('last\\n'); ${end}`,
      );
      expect({ output, code }).toEqual({ output: 'first\nlast\n', code: 0 });
    },
  );

  it('lets the process live when nobody reads its output any more', async () => {
    const script = `import { openSink } from '${sinkModule}';
      const sink = openSink();
      for (let i = 0; i < 50; i++) { sink.write('x'.repeat(3000) + '\\n'); await new Promise((r) => setTimeout(r, 5)); }
      await sink.flush(); process.exitCode = 7;`;
    expect(await run(script, true)).toEqual({ output: '', code: 7, stderr: '' });
  });
});
