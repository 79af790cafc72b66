/** Orders: takes them from the storefront, and reserves the stock at the inventory with a token of its own. */
import { ResourceServer } from './access_tokens.js';
import { jsonBody, Refusal, setting, startJsonServer } from './json_server.js';
import { TokenSource } from './token_source.js';

const issuer = setting('ISSUER');
const inventoryUrl = setting('INVENTORY_URL');
const callers = await ResourceServer.discover({ issuer, audience: 'urn:shop:orders' });
const tokens = new TokenSource({
  issuer,
  clientId: setting('CLIENT_ID'),
  clientSecret: setting('CLIENT_SECRET'),
  resource: 'urn:shop:inventory',
  scope: 'inventory:read inventory:write',
});

async function reserve(sku: string, quantity: number): Promise<unknown> {
  const token = await tokens.token().catch((error: unknown) => {
    throw new Refusal(502, error instanceof Error ? error.message : 'no token');
  });
  const response = await fetch(`${inventoryUrl}/stock/${encodeURIComponent(sku)}/reserve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ quantity }),
    signal: AbortSignal.timeout(5000),
  });
  if (response.status === 401) tokens.forget(token);
  const answer = (await response.json()) as { error?: string };
  if (response.status === 200) return answer;
  const passedOn = response.status === 404 || response.status === 409;
  throw new Refusal(passedOn ? response.status : 502, `inventory: ${answer.error ?? 'refused'}`);
}

startJsonServer('orders', async (request, url) => {
  if (request.method !== 'POST' || url.pathname !== '/orders')
    throw new Refusal(404, 'there is nothing here');
  const { client_id: customer } = await callers.require(request, 'orders:write');
  const { sku, quantity } = await jsonBody(request);
  if (typeof sku !== 'string' || typeof quantity !== 'number')
    throw new Refusal(400, 'sku and quantity are needed');
  return { placedBy: customer, reservation: await reserve(sku, quantity) };
});
