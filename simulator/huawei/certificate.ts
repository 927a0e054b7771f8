/** A self-signed certificate: just enough DER (X.690) for X.509 version 3 with an RSA key. */
import { createSign, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export interface Certificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const NULL = 0x05;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
/** Explicit tag 0: the version. */
const VERSION = 0xa0;

const COMMON_NAME = Buffer.from([0x55, 0x04, 0x03]);
/** 1.2.840.113549.1.1.11 */
const SHA256_WITH_RSA = Buffer.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]);

const makeKeys = () => promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
/** Made once per process: it takes a tenth of a second. */
let keys: ReturnType<typeof makeKeys> | undefined;

/** @param name common name of subject and issuer */
export async function selfSigned(name: string, from: Date, until: Date): Promise<Certificate> {
  keys ??= makeKeys();
  const { publicKey, privateKey } = await keys;
  const algorithm = der(SEQUENCE, der(OID, SHA256_WITH_RSA), der(NULL));
  const named = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8_STRING, Buffer.from(name)))),
  );
  // A serial number is positive: its first byte stays below 0x80 and above 0.
  const serial = Buffer.concat([Buffer.from([0x5a]), randomBytes(15)]);
  const toBeSigned = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    algorithm,
    named,
    der(SEQUENCE, utcTime(from), utcTime(until)),
    named,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('RSA-SHA256').update(toBeSigned).sign(privateKey);
  const whole = der(
    SEQUENCE,
    toBeSigned,
    algorithm,
    der(BIT_STRING, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = whole.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    privateKey,
  };
}

/** Tag, length, content. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

/** One byte below 128, else the count of length bytes and these. */
function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** `YYMMDDHHMMSSZ`: two digits of the year, good until 2049. */
const utcTime = (at: Date): Buffer =>
  der(UTC_TIME, Buffer.from(`${at.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));
