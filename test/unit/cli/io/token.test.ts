import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findToken, isThisMachine, readAddress } from '../../../../cli/io/token.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

describe('readAddress', () => {
  it.each([
    [undefined, {}, 'http://127.0.0.1:8787'],
    [undefined, { WAYBILL_URL: ' ' }, 'http://127.0.0.1:8787'],
    [undefined, { WAYBILL_URL: 'https://w.example/api//' }, 'https://w.example/api'],
    ['http://[::1]:9', { WAYBILL_URL: 'https://w.example' }, 'http://[::1]:9'],
  ])('--url %j with %j is %s', (given, env, address) => {
    expect(readAddress(given, env)).toBe(address);
  });

  it.each([
    ['localhost:8787', {}, '--url: expected an address, not localhost:8787. Write it like http'],
    ['', {}, '--url: expected'],
    ['ftp://w.example', {}, '--url: expected'],
    [undefined, { WAYBILL_URL: 'nowhere' }, 'WAYBILL_URL: expected an address'],
    ['http://w.example/?a=1', {}, 'without user, password, query or fragment'],
  ])('refuses --url %j with %j', (given, env, message) => {
    expect(() => readAddress(given, env)).toThrow(message);
  });

  it('G6: does not repeat a password in its refusal', () => {
    const read = () => readAddress('http://me:canary-secret@w.example', {});
    expect(read).toThrow('without user, password');
    expect(read).not.toThrow('canary');
  });
});

describe('findToken', () => {
  const folder = (secrets: string) => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'secrets.json'), secrets);
    return path;
  };
  const local = 'http://127.0.0.1:8787';

  it('G6: gives the token of this machine to this machine only', () => {
    const env = { WAYBILL_DATA: folder('{"apiToken":"canary-token"}') };
    expect(findToken(local, env)?.value).toBe('canary-token');
    expect(findToken('http://localhost:1', env)?.value).toBe('canary-token');
    expect(findToken('https://w.example', env)).toBeUndefined();
    expect(isThisMachine('http://127.0.0.1.w.example')).toBe(false);
    expect(findToken('http://127.0.0.1.w.example', env)).toBeUndefined();
  });

  it('prefers WAYBILL_TOKEN, unless it is empty', () => {
    const WAYBILL_DATA = folder('{"apiToken":"of-the-machine"}');
    expect(findToken(local, { WAYBILL_DATA, WAYBILL_TOKEN: 'mine\n' })).toEqual({
      value: 'mine',
      from: 'WAYBILL_TOKEN',
    });
    expect(findToken(local, { WAYBILL_DATA, WAYBILL_TOKEN: '' })?.value).toBe('of-the-machine');
  });

  it('has none where no service has been', () => {
    expect(findToken(local, { WAYBILL_DATA: temporaryFolder() })).toBeUndefined();
  });

  it.each([
    ['{"apiToken":"canary', 'secrets.json is damaged'],
    ['{"apiToken":5}', 'secrets.json is damaged'],
    ['null', 'secrets.json is damaged'],
  ])('says so when the secrets are %s', (text, message) => {
    const find = () => findToken(local, { WAYBILL_DATA: folder(text) });
    expect(find).toThrow(message);
    expect(find).not.toThrow('canary');
  });

  it('says so when the secrets can not be read', () => {
    const WAYBILL_DATA = temporaryFolder();
    mkdirSync(join(WAYBILL_DATA, 'secrets.json'));
    expect(() => findToken(local, { WAYBILL_DATA })).toThrow("can't be read (EISDIR)");
  });

  it.each(['two\nlines', 'two words', 'schlüssel'])('refuses WAYBILL_TOKEN %j', (token) => {
    expect(() => findToken(local, { WAYBILL_TOKEN: token })).toThrow(
      'WAYBILL_TOKEN: expected printable ASCII',
    );
  });
});
