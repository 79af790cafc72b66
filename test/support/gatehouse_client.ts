/** What tests ask of a running Gatehouse over HTTP: the admin API, tokens, introspection, revocation. */

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface CreatedClient extends Credentials {
  readonly [field: string]: unknown;
}

/** An answer whose body was read: its JSON, or `{text}` when it is something else. */
export interface Json {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

interface Target {
  readonly issuer: string;
  /** Where this node's public plane listens; differs from the issuer on all nodes but the first. */
  readonly url: string;
  readonly adminUrl: string;
  readonly credentials: () => Credentials;
}

export class GatehouseClient {
  readonly issuer: string;
  readonly url: string;
  readonly adminUrl: string;
  readonly #credentials: () => Credentials;
  #endpoints: Readonly<Record<string, string>> | undefined;

  constructor(target: Target) {
    this.issuer = target.issuer;
    this.url = target.url;
    this.adminUrl = target.adminUrl;
    this.#credentials = target.credentials;
  }

  /** The first administrator, from admin.json. */
  get administrator(): Credentials {
    return this.#credentials();
  }

  /** An endpoint by its name in discovery, e.g. `token_endpoint`, on this node. */
  async endpoint(name: string): Promise<string> {
    if (!this.#endpoints) {
      const response = await fetch(`${this.url}/.well-known/openid-configuration`);
      this.#endpoints = (await response.json()) as Record<string, string>;
    }
    const found = this.#endpoints[name];
    if (found === undefined) throw new Error(`discovery names no ${name}`);
    return found.replace(this.issuer, this.url);
  }

  /** A new token for the admin API with every scope that the first administrator has. Not kept: tests revoke. */
  async adminToken(): Promise<string> {
    const { body } = await this.token({ ...this.administrator, resource: 'urn:gatehouse:admin' });
    const token = body['access_token'];
    if (typeof token !== 'string') throw new Error(`no admin token: ${JSON.stringify(body)}`);
    return token;
  }

  /** A request to the admin API; `path` is below /admin/v1. */
  async admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const response = await fetch(`${this.adminUrl}/admin/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.adminToken()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return read(response);
  }

  /** Creates an API with these scopes. */
  async createApi(
    audience: string,
    scopes: readonly string[],
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<Record<string, unknown>> {
    const list = scopes.map((name) => ({ name, description: '' }));
    return created(await this.admin('POST', '/apis', { audience, scopes: list, ...fields }));
  }

  /** Creates a client; `grants` is a list of {audience, scopes}. Its secret is empty when its methods need none. */
  async createClient(
    fields: Readonly<Record<string, unknown>> & { readonly name: string },
  ): Promise<CreatedClient> {
    const client = created(await this.admin('POST', '/clients', fields));
    const { clientId, clientSecret } = client;
    if (typeof clientId !== 'string') throw new Error('the created client has no id');
    return { ...client, clientId, clientSecret: typeof clientSecret === 'string' ? clientSecret : '' };
  }

  /** client_credentials with client_secret_basic. */
  async token(
    request: Credentials & { readonly resource?: string; readonly scope?: string },
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const { resource, scope } = request;
    const form = {
      grant_type: 'client_credentials',
      ...(resource === undefined ? {} : { resource }),
      ...(scope === undefined ? {} : { scope }),
    };
    return this.post('token_endpoint', form, request, headers);
  }

  async introspect(token: string, credentials: Credentials): Promise<Json> {
    return this.post('introspection_endpoint', { token }, credentials);
  }

  async revoke(token: string, credentials: Credentials): Promise<Json> {
    return this.post('revocation_endpoint', { token }, credentials);
  }

  /** A form to a path, or to an endpoint by its name in discovery; with credentials, by client_secret_basic. */
  async post(
    target: string,
    form: Readonly<Record<string, string>>,
    credentials?: Credentials,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Json> {
    const url = target.startsWith('/') ? this.url + target : await this.endpoint(target);
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...(credentials ? { authorization: basic(credentials) } : {}), ...headers },
      body: new URLSearchParams(form),
    });
    return read(response);
  }
}

async function read(response: Response): Promise<Json> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const body = isJson ? (JSON.parse(text) as Json['body']) : { text };
  return { status: response.status, headers: response.headers, body };
}

function created({ status, body }: Json): Record<string, unknown> {
  if (status !== 201) throw new Error(`not created, but ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** The Authorization header of client_secret_basic (RFC 6749 §2.3.1). */
export function basic({ clientId, clientSecret }: Credentials): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
