/** The signature of certificates: by our own check, and by openssl. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CertificateKey,
  checkCertificate,
  parseCertificateKey,
  parsePublicPem,
  signCertificate,
  signingKey,
  toPem,
} from '../../../../shared/signing/certificate.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

function makeKey(): { readonly text: string; readonly key: Parameters<typeof signCertificate>[1] } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return { text, key: parseCertificateKey(text) as Parameters<typeof signCertificate>[1] };
}

const STATEMENT = { verdict: 'GO', audit: { proved: 999_213, missing: 7 }, note: 'a "b"\nc' };

describe('a certificate', () => {
  const { key } = makeKey();
  const text = signCertificate(STATEMENT, key);

  it('is JSON, and says what was signed', () => {
    expect(JSON.parse(text)).toMatchObject(STATEMENT);
    expect(checkCertificate(text, [key])).toEqual({
      result: 'signed',
      keyId: key.keyId,
      statement: STATEMENT,
    });
  });

  it('G13: is refused when one byte of it is another one, wherever that is', () => {
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === '1' ? '2' : '1';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      expect(checkCertificate(changed, [key]).result, `byte ${at}`).not.toBe('signed');
    }
  });

  it('is refused when a digit of its numbers changed', () => {
    expect(checkCertificate(text.replace('999213', '999223'), [key])).toEqual({
      result: 'changed',
      keyId: key.keyId,
    });
  });

  it('says nothing that stands behind its signature, or in a second one', () => {
    const added = text.replace(/\n\}\n$/, ',\n  "verdict": "NO-GO"\n}\n');
    expect(checkCertificate(added, [key]).result).not.toBe('signed');
    const within = signCertificate({ ...STATEMENT, signature: 'mine' }, key);
    expect(checkCertificate(within.replace(/\n {2}"signature": \{.*\n/, '\n'), [key]).result).toBe(
      'not-a-certificate',
    );
  });

  it('is refused by another key, and named when none of the keys signed it', () => {
    const other = makeKey().key;
    expect(checkCertificate(text, [other])).toEqual({ result: 'unknown-key', keyId: key.keyId });
    const impostor: CertificateKey = { ...other, keyId: key.keyId };
    expect(checkCertificate(text, [impostor]).result).toBe('changed');
    expect(checkCertificate(text, [other, key]).result).toBe('signed');
  });

  it('is checked by openssl with the same result', () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    writeFileSync(at('key.pem'), toPem(key));
    const check = (certificate: string): boolean => {
      writeFileSync(at('certificate.json'), certificate);
      const script = `sed '/^  "signature": /,$d' certificate.json > signed
        sed -n 's/^  "signature": .*"value":"\\(.*\\)"}$/\\1/p' certificate.json | base64 -d > signature
        openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature`;
      try {
        return execFileSync('sh', ['-c', script], {
          cwd: folder,
          encoding: 'utf8',
          stdio: 'pipe',
        }).includes('Signature Verified Successfully');
      } catch {
        return false;
      }
    };
    expect(check(text)).toBe(true);
    expect(check(text.replace('999213', '999223'))).toBe(false);
  });
});

describe('keys', () => {
  it('are private as PKCS #8, or public as SPKI or PEM, with one id', () => {
    const { key } = makeKey();
    const spki = key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    expect(parseCertificateKey(spki)).toMatchObject({ keyId: key.keyId });
    expect(parseCertificateKey(spki)).not.toHaveProperty('privateKey');
    expect(parsePublicPem(toPem(key))?.keyId).toBe(key.keyId);
  });

  it('sign where their private half is there', () => {
    const { key } = makeKey();
    const { privateKey: _, ...former } = makeKey().key;
    expect(signingKey([former, key])).toBe(key);
    expect(signingKey([former])).toBeUndefined();
  });

  it('as PEM may have blank lines around them', () => {
    const { key } = makeKey();
    expect(parsePublicPem(`\n  ${toPem(key)}\n`)?.keyId).toBe(key.keyId);
  });

  it('of other kinds, and other texts, are none', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ec = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    for (const text of ['', 'k1:secret', 'A'.repeat(64), ec]) {
      expect(parseCertificateKey(text), text).toBeUndefined();
    }
    expect(
      parsePublicPem('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'),
    ).toBeUndefined();
    expect(parsePublicPem('hello')).toBeUndefined();
  });
});
