/**
 * Reference: the least that a token endpoint can do. Reads the form, compares the secret's HMAC in constant time and
 * signs an ES256 JWT with node:crypto on the calling thread. No store, no log, no limits.
 */
import { createHmac, generateKeyPairSync, randomBytes, sign, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listening, REFERENCE_CLIENT } from './listening.js';

const pepper = randomBytes(32);
const digest = (secret: string): Buffer => createHmac('sha256', pepper).update(secret).digest();
const clients = new Map<string, Buffer>([[REFERENCE_CLIENT.id, digest(REFERENCE_CLIENT.secret)]]);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'reference' })).toString(
  'base64url',
);
const MAX_BODY = 65_536;

function token(clientId: string, scope: string, audience: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'http://localhost',
    sub: clientId,
    client_id: clientId,
    aud: audience,
    scope,
    iat,
    exp: iat + 600,
    jti: randomBytes(16).toString('base64url'),
  };
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function respond(request: IncomingMessage, response: ServerResponse, body: string): void {
  const basic = Buffer.from(
    (request.headers.authorization ?? '').slice('Basic '.length),
    'base64',
  ).toString();
  const colon = basic.indexOf(':');
  const id = decodeURIComponent(basic.slice(0, colon));
  const expected = clients.get(id);
  const given = digest(decodeURIComponent(basic.slice(colon + 1)));
  const form = new URLSearchParams(body);
  if (expected === undefined || !timingSafeEqual(expected, given)) {
    answer(response, 401, { error: 'invalid_client' });
  } else if (form.get('grant_type') !== 'client_credentials') {
    answer(response, 400, { error: 'unsupported_grant_type' });
  } else {
    const scope = form.get('scope') ?? '';
    const access_token = token(id, scope, form.get('resource') ?? '');
    answer(response, 200, { access_token, token_type: 'Bearer', expires_in: 600, scope });
  }
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > MAX_BODY) request.destroy();
  });
  request.on('end', () => respond(request, response, body));
});
listening(server);
