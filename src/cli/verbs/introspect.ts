/** `gatehouse introspect` (RFC 7662) and `gatehouse revoke` (RFC 7009). */
import type { Command } from 'commander';
import { z } from 'zod';
import { CliFailure } from '../failure.js';
import { fields } from '../output/table.js';
import { jsonText } from '../output/visible.js';
import { jsonOf, oauthFailure, parsed } from '../remote/answers.js';
import { authenticate } from '../remote/client_authentication.js';
import { exchange, type Answer } from '../remote/http.js';
import type { Shell } from '../shell.js';
import { addVerb, show, type JsonOption } from '../verb.js';
import {
  addClientOptions,
  CLIENT_DETAILS,
  partyOf,
  tokenOf,
  type ClientOptions,
  type Party,
} from './client_options.js';

type Options = ClientOptions & JsonOption;

const introspectionShape = z.looseObject({ active: z.boolean() });

export function addIntrospect(program: Command, shell: Shell): void {
  addClientOptions(
    addVerb(program, {
      usage: 'introspect <token>',
      summary: 'Ask whether a token is active and what it says',
      details: `Only the client that serves the API of the token, or one with a right on urn:gatehouse:tokens, is told more than
that a token is inactive. The token can come from stdin (-).

${CLIENT_DETAILS}`,
      examples: [
        'gatehouse introspect <token> --client-id <id> --client-secret <secret> --json',
        'gatehouse token --api urn:shop:inventory | gatehouse introspect -',
      ],
    }),
  ).action(async (token: string, options: Options) => {
    const value = await tokenOf(shell, token);
    const party = await partyOf(shell, options, token === '-');
    const answer = await ask(shell, party, endpoint(party, 'introspection_endpoint'), value);
    const result = parsed(introspectionShape, jsonOf(answer), 'the introspection endpoint');
    show(shell, options, result, () => introspectionText(result));
  });
}

function introspectionText({ active, ...claims }: Record<string, unknown>): string {
  const moments = new Set(['exp', 'iat', 'nbf']);
  const pairs = Object.entries(claims).map(([name, value]): [string, string] => [
    name,
    moments.has(name) && typeof value === 'number'
      ? new Date(value * 1000).toISOString()
      : typeof value === 'string'
        ? value
        : jsonText(value, true),
  ]);
  return fields([['active', active === true ? 'yes' : 'no'], ...pairs]);
}

export function addRevoke(program: Command, shell: Shell): void {
  addClientOptions(
    addVerb(program, {
      usage: 'revoke <token>',
      summary: 'Revoke a token: it is inactive from now on, everywhere',
      details: `A client may revoke its own tokens and those of the APIs that it serves. A token that is no longer valid counts as
revoked (RFC 7009). The token can come from stdin (-).

${CLIENT_DETAILS}`,
      examples: [
        'gatehouse revoke <token> --client-id <id> --client-secret <secret>',
        'gatehouse revoke - < token.txt',
      ],
    }),
  ).action(async (token: string, options: Options) => {
    const value = await tokenOf(shell, token);
    const party = await partyOf(shell, options, token === '-');
    await ask(shell, party, endpoint(party, 'revocation_endpoint'), value);
    show(shell, options, { revoked: true }, () => 'revoked');
  });
}

function endpoint({ metadata }: Party, name: 'introspection_endpoint' | 'revocation_endpoint'): string {
  const url = metadata[name];
  if (url === undefined)
    throw new CliFailure(`${metadata.issuer} has no ${name}`, { code: 'discovery_failed' });
  return url;
}

/** @throws CliFailure with the server's reason when it refuses */
async function ask(shell: Shell, party: Party, url: string, token: string): Promise<Answer> {
  const proof = await authenticate(party.credentials, party.metadata.issuer, shell.now());
  const answer = await exchange(shell, {
    method: 'POST',
    url,
    headers: { ...proof.headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token, ...proof.form }).toString(),
  });
  if (answer.status === 200) return answer;
  throw oauthFailure(answer, url);
}
