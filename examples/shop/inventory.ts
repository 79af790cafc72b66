/** The inventory: knows what lies in the warehouse. Reading is checked locally, reserving centrally as well. */
import { ResourceServer } from './access_tokens.js';
import { jsonBody, Refusal, setting, startJsonServer } from './json_server.js';

const stock = new Map([
  ['lamp', 12],
  ['chair', 3],
]);

const callers = await ResourceServer.discover({
  issuer: setting('ISSUER'),
  audience: 'urn:shop:inventory',
  clientId: setting('CLIENT_ID'),
  clientSecret: setting('CLIENT_SECRET'),
});

function available(sku: string): number {
  const count = stock.get(sku);
  if (count === undefined) throw new Refusal(404, `there is no ${sku}`);
  return count;
}

startJsonServer('inventory', async (request, url) => {
  const [, sku = '', verb] = /^\/stock\/(\w+)(?:\/(reserve))?$/.exec(url.pathname) ?? [];
  if (request.method === 'GET' && sku !== '' && verb === undefined) {
    await callers.require(request, 'inventory:read');
    return { sku, available: available(sku) };
  }
  if (request.method === 'POST' && verb === 'reserve') {
    await callers.requireActive(request, 'inventory:write');
    const { quantity } = await jsonBody(request);
    if (!Number.isInteger(quantity) || Number(quantity) < 1)
      throw new Refusal(400, 'quantity must be 1 or more');
    const left = available(sku) - Number(quantity);
    if (left < 0) throw new Refusal(409, `there are not enough of ${sku}`);
    stock.set(sku, left);
    return { sku, reserved: quantity, available: left };
  }
  throw new Refusal(404, 'there is nothing here');
});
