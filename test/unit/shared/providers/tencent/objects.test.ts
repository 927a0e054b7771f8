import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../../shared/lib/http.ts';
import { createCosObjectsClient } from '../../../../../shared/providers/tencent/objects.ts';
import { createCosSigner } from '../../../../../shared/signing/cos.ts';
import { readCase } from '../../../../fixtures/cases.ts';
import { type Reply, startPeer } from '../../../../fixtures/http.ts';

const TARGET = { region: 'ap-chengdu', bucket: 'examplebucket-1250000000' };

async function setup(...replies: readonly Reply[]) {
  const peer = await startPeer();
  peer.answer(...replies);
  const credentials = { secretId: 'AKIDcanary', secretKey: 'canary-secret-key' };
  return createCosObjectsClient({
    endpoint: peer.origin,
    send: createSend(),
    sign: createCosSigner({ credentials }),
  });
}

describe('a list of objects', () => {
  it('has the keys that the answer means: references decoded once, outer blanks kept', async () => {
    const objects = await setup({ body: readCase('xml-character-references/input.xml') });
    expect(await Array.fromAsync(objects.list(TARGET, 'staging/'))).toEqual([
      "staging/it's & 中文.csv",
      'staging/ blank at both ends ',
    ]);
  });
});
