/** The raw HTTP/1.1 requests that the load generator sends. */

export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

const headers = (port: number): string => `Host: 127.0.0.1:${port}\r\nAccept: */*\r\n`;

/** Credentials in the form of RFC 6749 §2.3.1. */
const basic = ({ id, secret }: Credentials): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

export function getRequest(port: number, path: string): string {
  return `GET ${path} HTTP/1.1\r\n${headers(port)}\r\n`;
}

export function formRequest(
  port: number,
  path: string,
  client: Credentials,
  fields: Readonly<Record<string, string | undefined>>,
): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  const body = form.toString();
  return (
    `POST ${path} HTTP/1.1\r\n${headers(port)}Authorization: ${basic(client)}\r\n` +
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

export function tokenRequest(
  port: number,
  path: string,
  client: Credentials,
  target: { readonly scope: string | undefined; readonly resource: string | undefined },
): string {
  return formRequest(port, path, client, { grant_type: 'client_credentials', ...target });
}

export function introspectionRequest(port: number, path: string, client: Credentials, token: string): string {
  return formRequest(port, path, client, { token });
}

/** Fetches one token in the plain way; throws with the answer when there is none. */
export async function fetchToken(
  url: string,
  client: Credentials,
  target: { readonly scope?: string; readonly resource?: string },
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: basic(client) },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...target }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`no token from ${url}: ${response.status} ${text}`);
  return (JSON.parse(text) as { access_token: string }).access_token;
}
