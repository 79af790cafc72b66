import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { runCli } from './in_process.js';

const scriptFor = async (shell: string): Promise<string> => {
  const { code, stdout } = await runCli(['completion', shell]);
  expect(code).toBe(0);
  return stdout;
};

/** What bash would offer for these words, the last of them unfinished. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const script = await scriptFor('bash');
  const probe = `${script}
COMP_WORDS=(${['gatehouse', ...words].map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_gatehouse
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', probe], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion for bash', () => {
  it('is valid bash', async () => {
    const { status, stderr } = spawnSync('bash', ['-n'], {
      input: await scriptFor('bash'),
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('offers verbs, options and values', async () => {
    expect(await complete('cl')).toEqual(['clients']);
    expect(await complete('clients', 'r')).toEqual(['rotate-secret']);
    expect(await complete('clients', 'secrets', '')).toEqual(expect.arrayContaining(['list', 'delete']));
    expect(await complete('apis', 'create', 'urn:a', '--a')).toEqual(['--alg']);
    expect(await complete('apis', 'create', '--alg', 'E')).toEqual(['ES256', 'EdDSA']);
    expect(await complete('completion', 'z')).toEqual(['zsh']);
    expect(await complete('token', '--client-id', '')).toEqual([]);
  });
});

describe('completion for zsh and fish', () => {
  it('names every verb', async () => {
    const zsh = await scriptFor('zsh');
    expect(zsh.startsWith('#compdef gatehouse\n')).toBe(true);
    expect(zsh).toContain("'rotate-secret:Add a new secret");
    const fish = await scriptFor('fish');
    expect(fish).toContain('-a rotate-secret');
    expect(fish).toContain("-l overlap -x -d 'how long the old secrets stay good'");
  });

  it('balances the quotes of every line', async () => {
    for (const shell of ['zsh', 'fish'])
      for (const line of (await scriptFor(shell)).split('\n').filter((text) => !text.startsWith('#')))
        expect([line, line.replaceAll("\\'", '').split("'").length % 2]).toEqual([line, 1]);
  });
});
