/** Checks a certificate offline: its signature by a public key, and the files that it names. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import {
  type CertificateKey,
  checkCertificate,
  parsePublicPem,
} from '../../shared/signing/certificate.ts';
import { size } from '../io/answers.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { compareFile, FILE_RESULTS } from './files.ts';

interface CertificateOptions {
  readonly path: string;
  readonly text: string;
  /** Of public keys: PEM, or the answer of `GET /certificate-key`. */
  readonly key: string | undefined;
  /** Folder with the files that it names; without one they are not compared. */
  readonly files: string | undefined;
}

/** What `--json` prints. */
export const certificateShape = v.object({
  certificate: v.string(),
  verified: v.boolean(),
  keyId: v.string(),
  /** What is wrong with the signature; null when nothing is. */
  problem: v.nullable(v.string()),
  /** Null where the signature is not good: nothing in it is to be believed. */
  verdict: v.nullable(v.picklist(['GO', 'NO-GO'])),
  reasons: v.array(v.string()),
  files: v.array(
    v.object({ name: v.string(), path: v.string(), result: v.picklist(FILE_RESULTS) }),
  ),
});

type CheckedFile = v.InferOutput<typeof certificateShape>;

const file = v.looseObject({
  // A certificate from elsewhere names no files elsewhere.
  name: v.pipe(
    v.string(),
    v.check((name) => !name.split('/').includes('..') && !name.startsWith('/')),
  ),
  sizeBytes: size,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

const statement = v.looseObject({
  verdict: v.picklist(['GO', 'NO-GO']),
  reasons: v.array(v.string()),
  reports: v.array(file),
  source: v.looseObject({ files: v.array(file) }),
});

const usage = (what: string, todo: string): CommandFailure =>
  new CommandFailure(what, todo, EXIT.usage);

/** Whether a text may be a certificate, and no summary. */
export const isCertificate = (text: string): boolean => /\n {2}"signature": /.test(text);

/** @throws CommandFailure (usage) for a key that is none, and files that can't be read */
export async function verifyCertificate(options: CertificateOptions): Promise<CheckedFile> {
  const { path, text, files } = options;
  const keys = await readKeys(options.key);
  const checked = checkCertificate(text, keys);
  const { result } = checked;
  const none = { certificate: path, verified: false, verdict: null, reasons: [], files: [] };
  if (result === 'not-a-certificate') {
    const problem = 'the file is no certificate, or its end was changed';
    return { ...none, keyId: '', problem };
  }
  const { keyId } = checked;
  if (result === 'unknown-key') {
    const known = keys.map((key) => key.keyId).join(', ');
    return { ...none, keyId, problem: `it is signed by key ${keyId}; the keys given are ${known}` };
  }
  const parsed = result === 'signed' ? v.safeParse(statement, checked.statement) : undefined;
  if (!parsed?.success) {
    return { ...none, keyId, problem: 'it was changed after it was signed' };
  }
  const { verdict, reasons, reports, source } = parsed.output;
  const prefix = /^(.*-)certificate\.json$/.exec(basename(path))?.[1] ?? '';
  const compared =
    files === undefined ? [] : await compareAll(files, prefix, [...reports, ...source.files]);

  const verified = compared.every(({ result: found }) => found === 'equal');
  return { certificate: path, verified, keyId, problem: null, verdict, reasons, files: compared };
}

async function compareAll(
  folder: string,
  prefix: string,
  files: readonly v.InferOutput<typeof file>[],
) {
  const compared: CheckedFile['files'] = [];
  for (const each of files) {
    const { name } = each;
    const base = name.slice(name.lastIndexOf('/') + 1);
    // Browsers save reports with the run before the name.
    const places = [name, base, `${prefix}${base}`].map((place) => join(folder, place));
    let found: CheckedFile['files'][number] = { name, path: places[0] ?? '', result: 'missing' };
    for (const path of places) {
      const result = await compareFile(path, each);
      if (result !== 'missing') {
        found = { name, path, result };
        break;
      }
    }
    compared.push(found);
  }
  return compared;
}

const published = v.looseObject({ keys: v.array(v.looseObject({ publicKey: v.string() })) });

async function readKeys(path: string | undefined): Promise<readonly CertificateKey[]> {
  const todo = 'Save the answer of GET /certificate-key, and name it with --key <file>';
  if (path === undefined) throw usage('expected the public key of the certificate', todo);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFailure(path, error) ?? error;
  });
  const listed = v.safeParse(v.pipe(v.string(), v.parseJson(), published), text);
  const pems = listed.success ? listed.output.keys.map(({ publicKey }) => publicKey) : [text];
  const keys = pems.flatMap((pem) => parsePublicPem(pem) ?? []);
  if (keys.length > 0) return keys;
  throw usage(`${path} holds no public key of Ed25519`, todo);
}
