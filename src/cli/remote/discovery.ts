/** Finds the endpoints of an issuer (OpenID Connect Discovery §4, RFC 8414 §3). */
import { CliFailure, usageFailure } from '../failure.js';
import type { Shell } from '../shell.js';
import { metadataShape, type Metadata } from '../wire.js';
import { jsonOf, parsed } from './answers.js';
import { exchange } from './http.js';

/** @throws CliFailure when there is no issuer at that address, or another one (RFC 8414 §3.3) */
export async function discover(shell: Shell, issuer: string): Promise<Metadata> {
  if (!URL.canParse(issuer) || !/^https?:$/.test(new URL(issuer).protocol))
    throw usageFailure(`"${issuer}" is not an issuer: an http(s) URL such as http://localhost:4000`);
  const base = issuer.replace(/\/$/, '');
  const url = `${base}/.well-known/openid-configuration`;
  const answer = await exchange(shell, { url });
  if (answer.status !== 200)
    throw new CliFailure(`${url} answered ${answer.status}: is this the public address of Gatehouse?`, {
      code: 'discovery_failed',
      status: answer.status,
    });
  const metadata = parsed(metadataShape, jsonOf(answer), url);
  if (metadata.issuer.replace(/\/$/, '') !== base)
    throw new CliFailure(`the server at ${base} calls itself ${metadata.issuer}`, {
      code: 'issuer_mismatch',
      hint: `use that name (--issuer, or "issuer" in admin.json), or set GATEHOUSE_ISSUER=${base} where the server runs`,
    });
  return metadata;
}
