import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addEnvFile, addMissing, readSettings } from '../../../local/settings.ts';
import { ConfigError } from '../../../shared/lib/errors.ts';
import { cosFetchConfig } from '../../../shared/wiring/config/functions.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

const caseFile = (name: string): string =>
  join(import.meta.dirname, '../../fixtures/cases/env-file-encoding', name);

const ADDED = {
  WAYBILL_CALLBACK_KEYS: 'k1:callback-key-of-a-test',
  WAYBILL_PUBLIC_URL: 'https://waybill.example',
};

const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path }) => path).sort();
    throw error;
  }
  return [];
};

describe('the settings', () => {
  it('need nothing to be set: the simulator stands in for the provider', () => {
    expect(readSettings({})).toEqual({
      role: 'all',
      eventMs: 900_000,
      folder: resolve('data'),
      host: '127.0.0.1',
      port: 8787,
      pumpConcurrency: 4,
      settleMs: 60_000,
      sweepMs: 300_000,
      simulated: true,
      providers: { tencent: false, huawei: false },
      retryCron: '0 2 * * *',
    });
  });

  it('take an empty variable for none', () => {
    const empty = { PORT: '', WAYBILL_VERIFY: ' ', TENCENTCLOUD_SECRET_ID: ' ', WAYBILL_DATA: '' };
    expect(readSettings(empty)).toEqual(readSettings({}));
  });

  it('want stores and secrets that processes share for every role but all', () => {
    const keys = { TENCENTCLOUD_SECRET_ID: 'AKIDexample', TENCENTCLOUD_SECRET_KEY: 'secret' };
    const shared = {
      WAYBILL_API_TOKENS: 'a-token-of-sixteen-characters',
      WAYBILL_CALLBACK_KEYS: ADDED.WAYBILL_CALLBACK_KEYS,
      WAYBILL_LEDGER: 'postgres://worker:password@db.example/waybill',
      WAYBILL_QUEUE: 'postgres://worker:password@db.example/waybill',
    };
    for (const WAYBILL_ROLE of ['api', 'worker', 'events']) {
      expect(faultsOf({ ...keys, WAYBILL_ROLE })).toEqual([
        'WAYBILL_API_TOKENS',
        'WAYBILL_CALLBACK_KEYS',
        'WAYBILL_ROLE',
      ]);
      expect(faultsOf({ ...keys, ...shared, WAYBILL_ROLE })).toEqual([]);
      // Simulators of one process are unknown to the others.
      expect(faultsOf({ ...shared, WAYBILL_ROLE })).toContain('TENCENTCLOUD_SECRET_ID');
    }
    expect(faultsOf({ WAYBILL_ROLE: 'boss' })).toEqual(['WAYBILL_ROLE']);
  });

  it('take one half of a key pair for a fault, not for the simulator', () => {
    expect(faultsOf({ TENCENTCLOUD_SECRET_ID: 'AKIDexample' })).toEqual([
      'TENCENTCLOUD_SECRET_KEY',
    ]);
    const pair = { TENCENTCLOUD_SECRET_ID: 'AKIDexample', TENCENTCLOUD_SECRET_KEY: 'secret' };
    expect(readSettings(pair).simulated).toBe(false);
  });

  it('P10: tell the faults of credential sets and sources in files, before anything starts', () => {
    const folder = temporaryFolder();
    const [sets, sources] = [join(folder, 'sets.json'), join(folder, 'sources.json')];
    const media = { kind: 's3', bucket: 'media', region: 'eu-central-1', credentials: 'reader' };
    const env = { WAYBILL_CREDENTIALS_FILE: sets, WAYBILL_SOURCES_FILE: sources };
    expect(faultsOf(env)).toEqual(['WAYBILL_CREDENTIALS_FILE', 'WAYBILL_SOURCES_FILE']);
    writeFileSync(sets, JSON.stringify({ reader: { accessKeyId: 'AKID' } }));
    writeFileSync(sources, JSON.stringify({ media: { ...media, presignSeconds: 604_801 } }));
    // Whether a set of this name is there is not known yet.
    const paths = [`${sets}: reader.secretAccessKey`, `${sources}: media.presignSeconds`];
    expect(faultsOf({ ...env, PORT: 'x' })).toEqual([...paths, 'PORT'].sort());
    writeFileSync(sets, JSON.stringify({ reader: { accessKeyId: 'AKID', secretAccessKey: 's' } }));
    writeFileSync(sources, JSON.stringify({ media, other: { ...media, credentials: 'nobody' } }));
    expect(faultsOf(env)).toEqual([`${sources}: other.credentials`]);
    writeFileSync(sources, JSON.stringify({ media }));
    expect(faultsOf(env)).toEqual([]);
  });

  it('name the nearest known name for one that is unknown', () => {
    const messageOf = (env: Record<string, string>): unknown => {
      try {
        return readSettings(env);
      } catch (error) {
        return error instanceof ConfigError ? error.faults : error;
      }
    };
    expect(messageOf({ WAYBILL_ON_KEY_EXISTS: 'ignore', waybill_verify: 'all' })).toEqual([
      {
        path: 'WAYBILL_ON_KEY_EXISTS',
        message: 'is not a setting of Waybill; did you mean WAYBILL_ON_KEY_EXIST?',
      },
      {
        path: 'waybill_verify',
        message: 'is not a setting of Waybill; did you mean WAYBILL_VERIFY?',
      },
    ]);
  });

  it.each([
    ['an empty one', { WAYBILL_UNKNOWN: ' ' }],
    [
      'what Kubernetes makes for a service named waybill',
      {
        WAYBILL_SERVICE_HOST: '10.0.0.11',
        WAYBILL_SERVICE_PORT: '8787',
        WAYBILL_SERVICE_PORT_HTTP: '8787',
        WAYBILL_PORT: 'tcp://10.0.0.11:8787',
        WAYBILL_PORT_8787_TCP: 'tcp://10.0.0.11:8787',
        WAYBILL_PORT_8787_TCP_PROTO: 'tcp',
      },
    ],
    [
      'what Kubernetes makes for a service named waybill-db',
      {
        WAYBILL_DB_SERVICE_HOST: '10.0.0.12',
        WAYBILL_DB_SERVICE_PORT: '5432',
        WAYBILL_DB_PORT: 'tcp://10.0.0.12:5432',
        WAYBILL_DB_PORT_5432_TCP_ADDR: '10.0.0.12',
      },
    ],
    ['what the tests of the project read', { WAYBILL_TEST_LINES: '100' }],
    ['what AWS sets', { AWS_LAMBDA_FUNCTION_NAME: 'waybill-dev-runs', AWS_REGION: 'eu-west-1' }],
    ['those of other tools', { TENCENTCLOUD_REGION: 'ap-shanghai', OMS_DEBUG: '1' }],
  ])('take no unknown name for a fault: %s', (_what, env) => {
    expect(readSettings(env)).toEqual(readSettings({}));
  });

  it('read a value without invisible characters at its ends, and refuse one with some inside', () => {
    const settings = readSettings({
      WAYBILL_RETRY_CRON: '\u200b0 3 * * *\u200b\ufeff',
      PORT: '\ufeff81',
    });
    expect(settings).toMatchObject({ retryCron: '0 3 * * *', port: 81 });
    const tokens = `${'a'.repeat(16)}\u200b,${'b'.repeat(16)}`;
    expect(() => readSettings({ WAYBILL_API_TOKENS: tokens })).toThrow(
      'WAYBILL_API_TOKENS: expected no invisible character (U+200B)',
    );
    expect(() => readSettings({ WAYBILL_API_TOKENS: tokens })).not.toThrow(/aaaa/);
  });

  it('tell the faults of the service and of every function at once', () => {
    const env = {
      LOG_LEVEL: 'loud',
      PORT: '65536',
      WAYBILL_ALLOW_HTTPS: 'perhaps',
      WAYBILL_API_TOKENS: 'short',
      WAYBILL_CALLBACK_KEYS: 'no-colon',
      WAYBILL_COS_FETCH_RPS: '0',
      WAYBILL_LOST_AFTER_SECONDS: '-1',
      WAYBILL_OBJECTS: 'ftp:x',
      WAYBILL_PUBLIC_URL: 'waybill.example',
      WAYBILL_PUMP_CONCURRENCY: '65',
      WAYBILL_SHARD_BYTES: '1k',
      WAYBILL_SWEEP_SECONDS: '0',
      WAYBILL_VERIFY: 'some',
    };
    expect(faultsOf(env)).toEqual(Object.keys(env));
  });
});

describe('the environment', () => {
  it('is completed from a file, and wins over it', () => {
    const path = join(temporaryFolder(), '.env');
    writeFileSync(path, 'PORT=1\nLOG_LEVEL="debug" # why\nWAYBILL_HOST=\n');
    const env: Record<string, string | undefined> = { PORT: '2', LOG_LEVEL: ' ' };
    addEnvFile(env, path);
    expect(env).toEqual({ PORT: '2', LOG_LEVEL: 'debug', WAYBILL_HOST: '' });
  });

  it('stays as it is without a file', () => {
    const env = {};
    addEnvFile(env, join(temporaryFolder(), 'none'));
    expect(env).toEqual({});
  });

  it('is read from a file with a byte order mark: env-file-encoding', () => {
    const env: Record<string, string | undefined> = {};
    addEnvFile(env, caseFile('input-bom.env'));
    expect(env['WAYBILL_ON_KEY_EXIST']).toBe('ignore');
    expect(cosFetchConfig({ ...env, ...ADDED }).onKeyExist).toBe('ignore');
  });

  it.each([
    ['UTF-16', readFileSync(caseFile('input-utf16.env')), 'UTF-16 text'],
    ['UTF-16 without a mark', Buffer.from('PORT=1\r\n', 'utf16le'), 'UTF-16 text'],
    ['Latin-1', Buffer.from('WAYBILL_DATA=./donn\xe9es\n', 'latin1'), 'not UTF-8 text'],
  ])('refuses a file in %s: env-file-encoding', (_what, bytes, what) => {
    const path = join(temporaryFolder(), '.env');
    writeFileSync(path, bytes);
    const env = {};
    expect(() => addEnvFile(env, path)).toThrow(`${path}: the file is ${what}; save it as UTF-8`);
    expect(env).toEqual({});
  });

  it.each([
    ['PORT=1\nWAYBILL_DATA: ./data\n', 2],
    ['# note\n\nWAYBILL_ALLOW_HTTPS\n', 3],
    ['A="two\nlines"\nWAYBILL_LEDGER sqlite:x\n', 3],
    ['A="never closed\nB=1\nC="x"\n', 3],
    ['A=1\r\nTENCENTCLOUD_SECRET_KEY=half#other-half\r\n', 2],
    ['TENCENTCLOUD_SECRET_KEY=#all\n', 1],
    ["TENCENTCLOUD_SECRET_KEY='half'other-half\n", 1],
    ['=1\n', 1],
  ])('refuses a line of a file that would not be read as it is written: %j', (text, line) => {
    const path = join(temporaryFolder(), '.env');
    writeFileSync(path, text);
    expect(() => addEnvFile({}, path)).toThrow(`${path}: line ${line}: expected NAME=value`);
    expect(() => addEnvFile({}, path)).not.toThrow(/half/);
  });

  it('reads every form of a line', () => {
    const path = join(temporaryFolder(), '.env');
    const lines = [
      '# note',
      '  # another',
      'A=plain text # note',
      'export B="with # inside" # note',
      "C='two",
      "lines'",
      'D = `"`',
      'E=',
      'F= # note',
      'G=a"b\tc',
      '\t H=1',
      '',
    ];
    writeFileSync(path, lines.join('\r\n'));
    const env = {};
    expect(addEnvFile(env, path)).toEqual([]);
    expect(env).toEqual({
      A: 'plain text',
      B: 'with # inside',
      C: 'two\nlines',
      D: '"',
      E: '',
      F: '',
      G: 'a"b\tc',
      H: '1',
    });
  });

  it('warns of unknown names of providers in a file, and of nothing else', () => {
    const path = join(temporaryFolder(), '.env');
    const names = ['TENCENTCLOUD_SECRETID', 'HUAWEICLOUD_SDK_AKK', 'OMS_DST_A', 'OTHER_NAME'];
    const known = ['TENCENTCLOUD_SECRET_ID', 'HUAWEICLOUD_SDK_AK', 'OMS_DST_AK'];
    writeFileSync(path, [...names, ...known].map((name) => `export ${name}='v'\n`).join(''));
    expect(addEnvFile({}, path)).toEqual([
      {
        path: 'HUAWEICLOUD_SDK_AKK',
        message: 'is not a setting of Waybill; did you mean HUAWEICLOUD_SDK_AK?',
      },
      { path: 'OMS_DST_A', message: 'is not a setting of Waybill; did you mean OMS_DST_AK?' },
      {
        path: 'TENCENTCLOUD_SECRETID',
        message: 'is not a setting of Waybill; did you mean TENCENTCLOUD_SECRET_ID?',
      },
    ]);
  });

  it('names a file that is there and can not be read', () => {
    const folder = temporaryFolder();
    expect(() => addEnvFile({}, folder)).toThrow(`${folder}: can't be read`);
  });

  it('keeps what is set', () => {
    const env: Record<string, string | undefined> = { A: 'set', B: '' };
    addMissing(env, { A: 'other', B: 'made', C: 'made', D: undefined });
    expect(env).toEqual({ A: 'set', B: 'made', C: 'made' });
  });

  it('G9: takes a variable that every object has a member of for one like any other', () => {
    const env: Record<string, string | undefined> = {};
    addMissing(env, { constructor: 'made', toString: 'made' } as Record<string, string>);
    expect(Object.entries(env)).toEqual([
      ['constructor', 'made'],
      ['toString', 'made'],
    ]);
  });
});
