import { describe, expect, it } from 'vitest';
import { type SignOptions, sign } from '../../../../cli/commands/sign.ts';
import { loadJson } from '../../../fixtures/load.ts';

type Vector = Record<string, unknown> & {
  readonly name: string;
  readonly normative?: boolean;
  readonly expected: Record<string, string>;
};
const vectorsOf = (file: string) =>
  (loadJson(`test/vectors/${file}.json`) as { vectors: Vector[] }).vectors;
const tencent = vectorsOf('tencent-cos-signing').filter(({ normative }) => normative);
const huawei = vectorsOf('huawei-signing');

async function run(lines: readonly unknown[], change: Partial<SignOptions> = {}) {
  const written: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] };
  async function* input() {
    for (const line of lines) yield typeof line === 'string' ? line : JSON.stringify(line);
  }
  const exitCode = await sign({
    provider: 'tencent',
    explain: false,
    input: input(),
    stdout: { write: (text) => written.stdout.push(text) },
    stderr: { write: (text) => written.stderr.push(text) },
    ...change,
  });
  return { exitCode, stdout: written.stdout.join(''), stderr: written.stderr.join('') };
}
const documents = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

describe('waybill sign', () => {
  it('answers every Tencent vector with exactly its strings, the presigned URL included', async () => {
    const { exitCode, stdout } = await run(tencent);
    expect(exitCode).toBe(0);
    expect(documents(stdout)).toEqual(tencent.map(({ expected }) => expected));
  });

  it('answers every Huawei vector with exactly its strings', async () => {
    const { exitCode, stdout } = await run(huawei, { provider: 'huawei' });
    expect(exitCode).toBe(0);
    expect(documents(stdout)).toEqual(huawei.map(({ expected }) => expected));
  });

  it('makes a URL when asked to, with the token of a temporary key in it', async () => {
    const [vector] = tencent;
    const { stdout } = await run([{ ...vector, presign: true, securityToken: 'tok/1' }]);
    expect(documents(stdout)).toMatchObject([
      {
        url: expect.stringMatching(
          /^https:\/\/examplebucket.*\?q-sign-algorithm=sha1&.*&x-cos-security-token=tok%2F1$/,
        ),
      },
    ]);
  });

  it.each([
    ['no JSON', 'nonsense', /line 2: \(whole line\): expected a JSON object/],
    ['a list', '[]', /line 2: /],
    ['no path', { ...tencent[0], path: undefined }, /line 2: path: /],
    ['a number as key', { ...tencent[0], secretKey: 5 }, /line 2: secretKey: expected a text/],
    ['a wrong time', { ...tencent[0], keyTime: 'now' }, /line 2: keyTime: expected start;end/],
    ['an unknown method', { ...tencent[0], method: 'FETCH' }, /line 2: method: expected one of/],
    ['a nested query', { ...tencent[0], query: { a: {} } }, /line 2: query/],
    [
      'a signed header that is not there',
      { ...tencent[0], signedHeaders: ['x'] },
      /line 2: headers.x: /,
    ],
    ['a lone surrogate', { ...tencent[0], query: { a: '\ud800' } }, /line 2: .*valid Unicode/],
  ])('names line and field of %s, and answers the others', async (_name, bad, message) => {
    const { exitCode, stdout, stderr } = await run([tencent[0], bad, tencent[1]]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(documents(stdout)).toEqual([
      tencent[0]?.expected,
      { error: { code: 'SIGNING_INPUT', message: expect.any(String) } },
      tencent[1]?.expected,
    ]);
  });

  it('writes exactly one line per line of input, blank ones too, and takes methods in lower case', async () => {
    const lines = ['', { ...tencent[0], method: 'get' }, ' ', '{'];
    const { exitCode, stdout } = await run(lines);
    expect(exitCode).toBe(1);
    const answers = documents(stdout);
    expect(answers).toHaveLength(lines.length);
    expect(answers.map((answer) => Object.keys(answer as object)[0] === 'error')).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('says so when there is no request at all', async () => {
    await expect(run([])).rejects.toMatchObject({
      exitCode: 2,
      message: 'there is no request on standard input. Give one JSON object per line.',
    });
  });
});

describe('waybill sign --explain', () => {
  const vector = tencent.find(({ name }) => name === 'doc-put-object') as Vector;
  const secret = String(vector['secretKey']);

  it('prints the steps, secrets masked', async () => {
    const { stdout } = await run([vector], { explain: true });
    expect(stdout).toContain('httpString: method, decoded path, parameters and headers');
    expect(stdout).toContain('   | put\n   | /exampleobject(腾讯云)\n');
    expect(stdout).not.toContain(vector.expected['signKey']);
    expect(stdout).toContain(`${vector.expected['signKey']?.slice(0, 4)}***`);
    expect(stdout).not.toContain(secret);
  });

  const refusal = (formatString: string, stringToSign: string) =>
    `<Error><Code>SignatureDoesNotMatch</Code><StringToSign>${stringToSign}</StringToSign>` +
    `<FormatString>${formatString.replaceAll('&', '&amp;')}</FormatString></Error>`;
  const { httpString = '', stringToSign = '' } = vector.expected;

  it.each([
    [
      'the path',
      httpString.replace('/exampleobject', '/bucket/exampleobject'),
      /line 2, column 2\n[\s\S]*the path differs/,
    ],
    [
      'an escaped path',
      httpString.replace('(腾讯云)', encodeURIComponent('(腾讯云)')),
      /line 2[\s\S]*escaped differently/,
    ],
    ['the method', httpString.replace('put', 'post'), /line 1, column 2[\s\S]*the method differs/],
    ['a query', httpString.replace('\n\n', '\nacl=\n'), /line 3, column 1[\s\S]*the query differs/],
    [
      'a header',
      httpString.replace('text%2Fplain', 'text%2Fhtml'),
      /line 4[\s\S]*a signed header differs/,
    ],
  ])('points at the first difference in %s', async (_name, theirs, expected) => {
    const { stdout } = await run([vector], { explain: true, errorText: refusal(theirs, 'x') });
    expect(stdout).toMatch(/=> first difference in httpString/);
    expect(stdout).toMatch(expected);
  });

  it('G9: leaves an entity of no known name as it is', async () => {
    const theirs = httpString.replace('/exampleobject', '/&constructor;object');
    const errorText = refusal('', 'x').replace('<FormatString>', `<FormatString>${theirs}`);
    const { stdout } = await run([vector], { explain: true, errorText });
    expect(stdout).toContain('/&constructor;object');
    expect(stdout).not.toContain('native code');
  });

  it('lays it to the key when the provider signed the same text', async () => {
    const errorText = refusal(httpString, stringToSign);
    const { stdout } = await run([vector], { explain: true, errorText });
    expect(stdout).toContain('with a different secret key');
  });

  it.each([
    ['<Code>RequestTimeTooSkewed</Code>', 'set the clock'],
    ['<Code>InvalidAccessKeyId</Code>', 'the key id is unknown'],
    ['403 Forbidden', 'give the whole body'],
  ])('gives advice where nothing is quoted: %s', async (errorText, advice) => {
    const { stdout } = await run([vector], { explain: true, errorText });
    expect(stdout).toContain(advice);
  });

  it("reads the canonical request in a refusal of Huawei's gateway", async () => {
    const start = huawei.find(({ name }) => name === 'oms-v2-start-minimal') as Vector;
    const { canonicalRequest = '', payloadHash = '' } = start.expected;
    const theirs = canonicalRequest.replace(payloadHash, 'a'.repeat(64)).replaceAll('\n', '|');
    const errorText = `{"error_msg":"Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:${theirs}","error_code":"APIGW.0301"}`;
    const options = { provider: 'huawei', explain: true, errorText } as const;
    const { stdout } = await run([start], options);
    expect(stdout).toMatch(/first difference in canonicalRequest/);
    expect(stdout).toContain('the body that arrived is not the body that was signed');
    const same = errorText.replace('a'.repeat(64), payloadHash);
    expect((await run([start], { ...options, errorText: same })).stdout).toContain(
      'different secret key',
    );
  });

  it('G6: masks keys that the provider quotes', async () => {
    const theirs = httpString.replace('text%2Fplain', secret);
    const { stdout } = await run([vector], { explain: true, errorText: refusal(theirs, 'x') });
    expect(stdout).not.toContain(secret);
  });
});

describe('what waybill sign never shows, and how it finds a difference', () => {
  const [cos] = tencent;
  const [gateway] = huawei;
  const token = 'TOKEN/with+signs=and CAPITALS';

  it.each(['tencent', 'huawei'] as const)('hides a token in every form (%s)', async (provider) => {
    const vector = provider === 'tencent' ? cos : gateway;
    const name = provider === 'tencent' ? 'x-cos-security-token' : 'x-security-token';
    const headers = { ...(vector?.['headers'] as object), [name]: token };
    const names = vector?.['signedHeaders'] as string[] | undefined;
    const request = {
      ...vector,
      headers,
      ...(names && { signedHeaders: [...names, name] }),
      query: { [name]: token },
      securityToken: token,
    };
    const { stdout, exitCode } = await run([request], { provider, explain: true });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('***');
    for (const form of [
      token,
      encodeURIComponent(token),
      encodeURIComponent(token).toLowerCase(),
    ]) {
      expect(stdout).not.toContain(form);
    }
    expect(stdout).not.toContain(String(vector?.[provider === 'tencent' ? 'secretKey' : 'sk']));
  });

  it('says where a line stops to be JSON, and quotes nothing of it', async () => {
    const secret = 'a-secret-that-must-not-show';
    const { stderr, exitCode } = await run([`{"secretKey":"${secret}" "x"}`, secret]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^waybill: line 1: \(whole line\): expected a JSON object; it is none from column 44 on\. Correct this line\.\n/,
    );
    expect(stderr).toContain('line 2: (whole line): expected a JSON object');
    expect(stderr).not.toContain(secret.slice(0, 8));
  });

  it('takes a byte order mark on the first line', async () => {
    const { exitCode } = await run([`\uFEFF${JSON.stringify(cos)}`]);
    expect(exitCode).toBe(0);
  });

  const compare = async (change: (text: string) => string) => {
    const { stdout: plain } = await run([cos]);
    const [{ httpString } = { httpString: '' }] = documents(plain) as { httpString: string }[];
    const errorText = `<Error><FormatString>${change(httpString)}</FormatString></Error>`;
    const { stdout } = await run([cos], { explain: true, errorText });
    return stdout.slice(stdout.indexOf('=>'));
  };

  it.each(['&#x110000;', '&#99999999999;', '&#x1F600;', '&unknown;'])(
    'survives the entity %s',
    async (entity) => {
      expect(await compare((text) => text.replace('put', `put${entity}`))).toMatch(
        /^=> first difference in httpString, line 1, column 4\n/,
      );
    },
  );

  it('takes CRLF for LF, and finds what one text has more', async () => {
    expect(await compare((text) => text.replaceAll('\n', '\r\n'))).toMatch(
      /^=> the provider signed/,
    );
    expect(await compare((text) => `${text.trimEnd()}\nmore\n`)).toMatch(
      /^=> first difference in httpString, line 5, column 1\n {3}ours: {3}\(no such line\)\n {3}theirs: more\n/,
    );
    expect(await compare((text) => text.split('\n').slice(0, 2).join('\n'))).toMatch(
      /^=> first difference in httpString, line 3, column 1\n/,
    );
  });

  it('finds the difference in a canonical request whose values hold a bar', async () => {
    const headers = { ...(gateway?.['headers'] as object), 'x-note': 'a|b|c', 'x-other': 'same' };
    const { signedHeaders: _all, ...rest } = gateway ?? { signedHeaders: [] };
    const request = { ...rest, headers };
    const { stdout: plain } = await run([request], { provider: 'huawei' });
    const [{ canonicalRequest } = { canonicalRequest: '' }] = documents(plain) as {
      canonicalRequest: string;
    }[];
    const quote = async (text: string) => {
      const errorText = JSON.stringify({
        error_code: 'APIGW.0301',
        error_msg: `verify aksk signature fail, canonicalRequest:${text.replaceAll('\n', '|')}`,
      });
      const { stdout } = await run([request], { provider: 'huawei', explain: true, errorText });
      return stdout.slice(stdout.indexOf('=>'));
    };
    expect(await quote(canonicalRequest)).toMatch(/^=> the provider signed the same text/);
    const changed = await quote(canonicalRequest.replace('x-other:same', 'x-other:sane'));
    expect(changed).toMatch(/ours: {3}x-other:same\n {3}theirs: x-other:sane\n/);
    expect(changed).toContain('x-other');
    const missing = await quote(canonicalRequest.replace('x-note:a|b|c\n', ''));
    expect(missing).toContain('the header x-note is signed by one side only');
  });

  it.each([
    ['tencent', { path: '/a\ud800' }],
    ['tencent', { secretKey: 'a\ud800' }],
    ['huawei', { path: '/a\ud800' }],
    ['huawei', { body: 'a\ud800' }],
    ['huawei', { sk: 'a\ud800' }],
  ] as const)('%s: refuses a lone surrogate in %j', async (provider, change) => {
    const vector = provider === 'tencent' ? cos : gateway;
    const { stderr, exitCode } = await run([{ ...vector, ...change }], { provider });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`line 1: ${Object.keys(change)[0]}: expected valid Unicode`);
  });
});
