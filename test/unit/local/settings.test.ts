import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addEnvFile, addMissing, readSettings } from '../../../local/settings.ts';
import { ConfigError } from '../../../shared/lib/errors.ts';
import { temporaryFolder } from '../../fixtures/stores.ts';

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

  it('take one half of a key pair for a fault, not for the simulator', () => {
    expect(faultsOf({ TENCENTCLOUD_SECRET_ID: 'AKIDexample' })).toEqual([
      'TENCENTCLOUD_SECRET_KEY',
    ]);
    const pair = { TENCENTCLOUD_SECRET_ID: 'AKIDexample', TENCENTCLOUD_SECRET_KEY: 'secret' };
    expect(readSettings(pair).simulated).toBe(false);
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

  it('names a file that is there and can not be read', () => {
    const folder = temporaryFolder();
    expect(() => addEnvFile({}, folder)).toThrow(`${folder}: can't be read`);
  });

  it('keeps what is set', () => {
    const env: Record<string, string | undefined> = { A: 'set', B: '' };
    addMissing(env, { A: 'other', B: 'made', C: 'made', D: undefined });
    expect(env).toEqual({ A: 'set', B: 'made', C: 'made' });
  });
});
