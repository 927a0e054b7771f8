/** `waybill verify <certificate>`: offline, with the files that it names. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyCertificate } from '../../../../cli/verify/certificate.ts';
import {
  parseCertificateKey,
  type SigningKey,
  signCertificate,
  signingKey,
  toPem,
} from '../../../../shared/signing/certificate.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return signingKey([parseCertificateKey(text) as SigningKey]) as SigningKey;
}

const digestOf = (name: string, text: string) => ({
  name,
  sizeBytes: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
});

const MISSING = 'url,key\r\ns3://media/a,a\r\n';
const LIST = 'url,key\ns3://media/a,a\n';

function setup() {
  const folder = temporaryFolder();
  const key = makeKey();
  const statement = {
    verdict: 'NO-GO',
    reasons: ['7 objects are missing at the target.'],
    reports: [digestOf('missing.csv', MISSING)],
    source: { files: [digestOf('lists/l1/000001-w.csv', LIST)] },
  };
  const text = signCertificate(statement, key);
  mkdirSync(join(folder, 'lists/l1'), { recursive: true });
  writeFileSync(join(folder, 'missing.csv'), MISSING);
  writeFileSync(join(folder, 'lists/l1/000001-w.csv'), LIST);
  writeFileSync(join(folder, 'key.pem'), toPem(key));
  const published = { keys: [{ keyId: key.keyId, algorithm: 'Ed25519', publicKey: toPem(key) }] };
  writeFileSync(join(folder, 'certificate-key.json'), JSON.stringify(published));
  const verify = (more: Partial<Parameters<typeof verifyCertificate>[0]> = {}) =>
    verifyCertificate({
      path: join(folder, 'certificate.json'),
      text,
      key: join(folder, 'key.pem'),
      files: folder,
      ...more,
    });
  return { folder, key, text, verify };
}

describe('verify', () => {
  it.each(['key.pem', 'certificate-key.json'])(
    'finds all as it was signed, by %s',
    async (name) => {
      const { folder, key, verify } = setup();
      expect(await verify({ key: join(folder, name) })).toMatchObject({
        verified: true,
        keyId: key.keyId,
        problem: null,
        verdict: 'NO-GO',
        reasons: ['7 objects are missing at the target.'],
        files: [{ result: 'equal' }, { result: 'equal' }],
      });
    },
  );

  it('refuses a certificate with another digit, and believes nothing in it', async () => {
    const { text, verify } = setup();
    expect(await verify({ text: text.replace('7 objects', '0 objects') })).toMatchObject({
      verified: false,
      problem: 'it was changed after it was signed',
      verdict: null,
      reasons: [],
    });
  });

  it('refuses a report with another byte, and a list that is not there', async () => {
    const { folder, verify } = setup();
    writeFileSync(join(folder, 'missing.csv'), MISSING.replace('a,a', 'a,b'));
    writeFileSync(join(folder, 'lists/l1/000001-w.csv'), `${LIST} `);
    expect(await verify()).toMatchObject({
      verified: false,
      problem: null,
      files: [{ result: 'different' }, { result: 'different' }],
    });
    expect(await verify({ files: temporaryFolder() })).toMatchObject({
      verified: false,
      files: [{ result: 'missing' }, { result: 'missing' }],
    });
  });

  it('refuses another key, and names both', async () => {
    const { folder, key, verify } = setup();
    const other = makeKey();
    writeFileSync(join(folder, 'other.pem'), toPem(other));
    expect(await verify({ key: join(folder, 'other.pem') })).toMatchObject({
      verified: false,
      problem: `it is signed by key ${key.keyId}; the keys given are ${other.keyId}`,
    });
  });

  it('compares no files where nobody names a folder', async () => {
    expect(await setup().verify({ files: undefined })).toMatchObject({ verified: true, files: [] });
  });

  it('finds files whose names have the run before them', async () => {
    const { folder, verify } = setup();
    const there = temporaryFolder();
    writeFileSync(join(there, 'a1-missing.csv'), MISSING);
    writeFileSync(join(there, 'a1-000001-w.csv'), LIST);
    const path = join(folder, 'a1-certificate.json');
    expect(await verify({ path, files: there })).toMatchObject({ verified: true });
  });

  it('looks for no file outside the folder', async () => {
    const { key, verify } = setup();
    const statement = {
      verdict: 'GO',
      reasons: [],
      reports: [{ name: '../secret', sizeBytes: 1, sha256: '0'.repeat(64) }],
      source: { files: [] },
    };
    const text = signCertificate(statement, key);
    expect(await verify({ text })).toMatchObject({ verified: false, files: [] });
  });

  it.each([
    ['no key', undefined, /expected the public key of the certificate/],
    ['a file that holds none', 'missing.csv', /holds no public key of Ed25519/],
  ])('asks for a key where there is %s', async (_what, name, message) => {
    const { folder, verify } = setup();
    const key = name === undefined ? undefined : join(folder, name);
    await expect(verify({ key })).rejects.toThrow(message);
  });
});
