import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SETTINGS } from '../../../src/config/schema.js';
import { packageRoot } from '../../../src/lib/package_root.js';

const text = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');

interface Compose {
  services: Record<
    string,
    {
      environment?: Record<string, string>;
      volumes?: string[];
      secrets?: string[];
      networks?: string[] | Record<string, unknown>;
      ports?: string[];
    }
  >;
  networks: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(text('docker-compose.yml'), { merge: true }) as Compose;
const settingNames = new Set<string>(
  Object.values(SETTINGS).flatMap((spec) => ('secret' in spec ? [spec.env, `${spec.env}_FILE`] : [spec.env])),
);

describe('Dockerfile', () => {
  const dockerfile = text('Dockerfile');

  it('copies only what the repository has', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' ').slice(0, -1),
    );
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.filter((source) => !existsSync(join(packageRoot, source)))).toEqual([]);
  });

  it('runs as another user than root and is asked for its readiness', () => {
    const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage).toMatch(/HEALTHCHECK[\s\S]*\/healthz/);
  });

  it('sets no variable that Gatehouse does not know', () => {
    const names = [...dockerfile.matchAll(/(GATEHOUSE_[A-Z_]+)=/g)].map((match) => match[1] ?? '');
    expect(names.filter((name) => !settingNames.has(name))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  it('refers to networks and secrets that it declares', () => {
    for (const service of Object.values(compose.services)) {
      const networks = Array.isArray(service.networks)
        ? service.networks
        : Object.keys(service.networks ?? {});
      expect(networks.filter((name) => !(name in compose.networks))).toEqual([]);
      expect((service.secrets ?? []).filter((name) => !(name in compose.secrets))).toEqual([]);
    }
  });

  it('mounts only files that exist', () => {
    const files = Object.values(compose.services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => source.startsWith('./'));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(packageRoot, file)))).toEqual([]);
  });

  it('takes its secrets from files that make-secrets.sh makes', () => {
    const script = text('deploy/make-secrets.sh');
    const names = Object.values(compose.secrets).map(({ file }) => file.replace('./deploy/secrets/', ''));
    expect(names.filter((name) => !script.includes(name))).toEqual([]);
  });

  it('gives Gatehouse no secret in the environment and no unknown setting', () => {
    const environment = compose.services['gatehouse-1']?.environment ?? {};
    expect(Object.keys(environment).filter((name) => !settingNames.has(name))).toEqual([]);
    expect(Object.keys(environment)).not.toContain('GATEHOUSE_MASTER_KEY');
    expect(Object.keys(environment)).not.toContain('DATABASE_URL');
  });

  it('publishes no port but that of nginx', () => {
    const published = Object.entries(compose.services).filter(([, service]) => service.ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(['nginx']);
  });

  it('keeps nginx away from the network of the admin plane and the stores', () => {
    expect(Object.keys(compose.services['nginx']?.networks ?? {})).toEqual(['public']);
  });
});

describe('deploy/nginx/gatehouse.conf', () => {
  const conf = text('deploy/nginx/gatehouse.conf');

  it('sets what a stranger could otherwise claim', () => {
    expect(conf).toContain('proxy_set_header X-Forwarded-For $remote_addr;');
    expect(conf).not.toContain('$proxy_add_x_forwarded_for;');
    const header = compose.services['gatehouse-1']?.environment?.['GATEHOUSE_CLIENT_CERT_HEADER'] ?? '';
    expect(conf).toContain(`proxy_set_header ${header} $ssl_client_escaped_cert;`);
  });

  it('hands over no certificate whose chain nobody checked', () => {
    expect(conf).toMatch(/^\s*ssl_verify_client optional;$/m);
  });

  it('has no way to the admin plane', () => {
    expect(conf).not.toContain('4001');
  });
});

describe('.env.example', () => {
  it('names only settings that exist', () => {
    const names = [...text('.env.example').matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => name !== 'NAME_FILE' && !settingNames.has(name))).toEqual([]);
  });
});
