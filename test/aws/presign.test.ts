/** Signed addresses, compared with those of botocore, AWS's own library, which comes with moto. */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { programOf } from '../../scripts/python-tools.ts';
import { presignUrl } from '../../shared/lib/s3/presign.ts';

const KEYS = { accessKeyId: 'AKID+/=EXAMPLE', secretAccessKey: 'canary/secret+key' };
const HOST = 'media.s3.eu-central-1.amazonaws.com';

const PATHS = [
  '/a.txt',
  '//a/../b/./c//',
  '/c++/red flower 100%/!*\'()~;,:@&=$#?[]{}|^`"<>\\.txt',
  '/视频/é 😀/\u0001\u007f',
  '/%2F%2e%2e',
];

/** Reads requests as JSON, writes the signed addresses: time and clock are given. */
const PROGRAM = `
import datetime, json, sys
import botocore.auth, botocore.awsrequest, botocore.credentials
from urllib.parse import quote

given = json.load(sys.stdin)
at = datetime.datetime.strptime(given['time'], '%Y%m%dT%H%M%SZ')
botocore.auth.get_current_datetime = lambda: at
urls = []
for token in (None, given['token']):
    keys = botocore.credentials.Credentials(given['ak'], given['sk'], token)
    for path in given['paths']:
        url = 'http://' + given['host'] + quote(path, safe='/-._~')
        request = botocore.awsrequest.AWSRequest(method='GET', url=url)
        botocore.auth.S3SigV4QueryAuth(keys, 's3', 'eu-central-1', expires=3600).add_auth(request)
        urls.append(request.url)
json.dump(urls, sys.stdout)
`;

it('signs addresses as botocore does, token and odd keys included', async () => {
  const token = 'IQoJ/+==token';
  const at = new Date('2026-11-20T22:30:00Z');
  const { accessKeyId: ak, secretAccessKey: sk } = KEYS;
  const input = { ak, sk, token, host: HOST, paths: PATHS, time: '20261120T223000Z' };
  const python = join(dirname(programOf('moto')), 'python3');
  const output = execFileSync(python, ['-c', PROGRAM], { input: JSON.stringify(input) });
  const ours = [KEYS, { ...KEYS, sessionToken: token }].flatMap((keys) =>
    PATHS.map((path) =>
      presignUrl({
        method: 'GET',
        origin: `http://${HOST}`,
        path,
        region: 'eu-central-1',
        keys,
        seconds: 3_600,
        at,
      }),
    ),
  );
  // Parameters may stand in any order.
  const sorted = (url: string) => [url.split('?')[0], url.split('?')[1]?.split('&').sort()];
  const theirs = JSON.parse(String(output)) as string[];
  expect((await Promise.all(ours)).map(sorted)).toEqual(theirs.map(sorted));
});
