/**
 * `npm run example`: starts Gatehouse and two services, makes calls that are allowed and calls that are refused, and
 * prints what happened. Exit code 1 when anything differs from what is expected.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Processes } from './processes.js';

interface Credentials {
  readonly clientId: string;
  readonly name: string;
  readonly clientSecret: string;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const processes = new Processes();
let differences = 0;

const heading = (text: string): void => console.log(`\n${text}`);

/** Prints one call, and whether it went as it should. */
function report(what: string, { status, body }: Answer, expected: { status: number; error?: string }): void {
  const error = typeof body['error'] === 'string' ? body['error'] : undefined;
  const isExpected =
    status === expected.status && (expected.error === undefined || error?.includes(expected.error) === true);
  if (!isExpected) differences += 1;
  const said = error ?? JSON.stringify(body['active'] ?? body['reservation'] ?? body['available'] ?? '');
  const mark = isExpected ? (status < 400 ? 'allowed' : 'refused') : 'WRONG  ';
  const wanted = isExpected ? '' : ` - expected ${expected.status} ${expected.error ?? ''}`;
  console.log(`  ${mark}  ${what}: ${status} ${said === '""' ? '' : said}${wanted}`.trimEnd());
}

async function call(url: string, token: string | undefined, body?: object): Promise<Answer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** Asks for a token as a service does. */
async function request(issuer: string, client: Credentials, api: string, scope: string): Promise<Answer> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  const { token_endpoint: endpoint } = (await response.json()) as { token_endpoint: string };
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64');
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: api, scope }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

async function fetchToken(issuer: string, client: Credentials, api: string, scope: string): Promise<string> {
  const { body } = await request(issuer, client, api, scope);
  if (typeof body['access_token'] !== 'string') throw new Error(`no token for ${client.name}`);
  return body['access_token'];
}

/** Applies gatehouse.yaml; answers the credentials that it made, by client name. */
async function configure(): Promise<(name: string) => Credentials> {
  const yaml = fileURLToPath(new URL('../../../examples/shop/gatehouse.yaml', import.meta.url));
  const file = join(processes.directory, 'credentials.json');
  const result = await processes.gatehouse('apply', '-f', yaml, '--issue-secrets', file);
  const { summary } = (result as { plan: { summary: { create: number } } }).plan;
  console.log(`gatehouse.yaml is applied: ${summary.create} APIs, clients and grants created`);
  const { clients } = JSON.parse(readFileSync(file, 'utf8')) as { clients: Credentials[] };
  return (name) => {
    const found = clients.find((client) => client.name === name);
    if (found === undefined) throw new Error(`${name} got no credentials`);
    return found;
  };
}

interface Shop {
  readonly issuer: string;
  readonly client: (name: string) => Credentials;
  readonly orders: string;
  readonly inventory: string;
}

async function openShop(): Promise<Shop> {
  const issuer = await processes.startGatehouse();
  console.log(`Gatehouse runs at ${issuer}, on the embedded store in a temporary directory`);
  const client = await configure();
  const settings = (name: string): Record<string, string> => {
    const { clientId, clientSecret } = client(name);
    return { ISSUER: issuer, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
  };
  const inventory = await processes.startService('inventory', settings('inventory'));
  const orders = await processes.startService('orders', { ...settings('orders'), INVENTORY_URL: inventory });
  console.log(`inventory runs at ${inventory}, orders at ${orders}`);
  return { issuer, client, orders, inventory };
}

const LAMPS = { sku: 'lamp', quantity: 2 };

async function allowedCalls({ issuer, client, orders, inventory }: Shop): Promise<void> {
  heading('Calls that are allowed');
  const storefront = await fetchToken(issuer, client('storefront'), 'urn:shop:orders', 'orders:write');
  report(
    'storefront orders two lamps, and orders reserves them at inventory',
    await call(`${orders}/orders`, storefront, LAMPS),
    { status: 200 },
  );
  const reports = await fetchToken(issuer, client('reports'), 'urn:shop:inventory', 'inventory:read');
  const stock = await call(`${inventory}/stock/lamp`, reports);
  report('reports reads the stock', stock, { status: stock.body['available'] === 10 ? 200 : -1 });
}

async function refusedCalls({ issuer, client, orders, inventory }: Shop): Promise<void> {
  heading('Calls that are refused');
  const storefront = await fetchToken(issuer, client('storefront'), 'urn:shop:orders', 'orders:write');
  const reports = await fetchToken(issuer, client('reports'), 'urn:shop:inventory', 'inventory:read');
  const reserve = `${inventory}/stock/lamp/reserve`;
  report('orders without a token', await call(`${orders}/orders`, undefined, LAMPS), { status: 401 });
  report('reports reserves with a token that may only read', await call(reserve, reports, LAMPS), {
    status: 403,
  });
  report(
    'storefront shows inventory its token for orders',
    await call(`${inventory}/stock/lamp`, storefront),
    { status: 401 },
  );
  report('a token with a changed payload', await call(`${inventory}/stock/lamp`, tampered(reports)), {
    status: 401,
  });
  const wider = await request(issuer, client('reports'), 'urn:shop:inventory', 'inventory:write');
  report('reports asks for a scope that it was not granted', wider, { status: 400, error: 'invalid_scope' });
  const other = await request(issuer, client('storefront'), 'urn:shop:inventory', 'inventory:read');
  report('storefront asks for an API that it was not granted', other, {
    status: 400,
    error: 'invalid_target',
  });
}

/** The same token, saying that it may write. */
function tampered(token: string): string {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const changed = Buffer.from(JSON.stringify({ ...claims, scope: 'inventory:read inventory:write' }));
  return `${head}.${changed.toString('base64url')}.${signature}`;
}

async function revokedCalls({ issuer, client, inventory }: Shop): Promise<void> {
  heading('A token is revoked');
  const orders = client('orders');
  const token = await fetchToken(issuer, orders, 'urn:shop:inventory', 'inventory:read inventory:write');
  const reserve = `${inventory}/stock/chair/reserve`;
  const chair = { quantity: 1 };
  report('before: reserving', await call(reserve, token, chair), { status: 200 });
  const credentials = ['--client-id', orders.clientId, '--client-secret', orders.clientSecret];
  await processes.gatehouse('revoke', token, ...credentials);
  report('after: reserving, which asks Gatehouse', await call(reserve, token, chair), { status: 401 });
  report(
    'after: reading, which is checked locally until the token expires',
    await call(`${inventory}/stock/chair`, token),
    { status: 200 },
  );
}

async function disabledClient(shop: Shop): Promise<void> {
  heading('A client is disabled');
  const { issuer, client, inventory } = shop;
  const orders = client('orders');
  const storefront = await fetchToken(issuer, client('storefront'), 'urn:shop:orders', 'orders:write');
  const token = await fetchToken(issuer, orders, 'urn:shop:inventory', 'inventory:write');
  await processes.gatehouse('clients', 'disable', orders.clientId);
  const fresh = (): Promise<Answer> => request(issuer, orders, 'urn:shop:inventory', 'inventory:write');
  report('orders asks for a new token', await fresh(), { status: 401, error: 'invalid_client' });
  const reserve = `${inventory}/stock/chair/reserve`;
  report('its old token reserves', await call(reserve, token, { quantity: 1 }), { status: 401 });
  report('storefront orders a lamp', await call(`${shop.orders}/orders`, storefront, LAMPS), { status: 502 });
  await processes.gatehouse('clients', 'enable', orders.clientId);
  report('enabled again, orders asks for a new token', await fresh(), { status: 200 });
  report('storefront orders a lamp', await call(`${shop.orders}/orders`, storefront, LAMPS), { status: 200 });
}

const interrupt = (): void => {
  void processes.stop().then(() => process.exit(130));
};
process.once('SIGINT', interrupt);
process.once('SIGTERM', interrupt);

try {
  const shop = await openShop();
  await allowedCalls(shop);
  await refusedCalls(shop);
  await revokedCalls(shop);
  await disabledClient(shop);
} catch (error) {
  differences += 1;
  console.error(`the example stopped: ${error instanceof Error ? error.message : 'unknown'}`);
} finally {
  await processes.stop();
}
console.log(differences === 0 ? '\nEverything went as expected.' : `\n${differences} calls went wrong.`);
process.exitCode = differences === 0 ? 0 : 1;
