import { describe, expect, it } from 'vitest';
import type { Signer } from '../../../../../shared/lib/api-request.ts';
import { cosSteps } from '../../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS } from '../../../../../simulator/main.ts';
import { COPY, etagOf, MANIFEST, md5, SOURCE, sample, setup, swap } from './setup.ts';

const inCopy = (nodes: string) => swap('<TargetResource>', `${nodes}<TargetResource>`);
const operationOf = (nodes: string) => swap(COPY, nodes);
const restore = (days: string, tier: string) =>
  operationOf(
    `<COSInitiateRestoreObject><ExpirationInDays>${days}</ExpirationInDays><JobTier>${tier}</JobTier></COSInitiateRestoreObject>`,
  );
const grant = (identifier: string, permission: string) =>
  inCopy(
    '<AccessControlGrants><COSGrant><Grantee>' +
      `<Identifier>${identifier}</Identifier><TypeIdentifier>ID</TypeIdentifier></Grantee>` +
      `<Permission>${permission}</Permission></COSGrant></AccessControlGrants>`,
  );
const USER = 'qcs::cam::uin/1:uin/2';

describe('CreateJob', () => {
  it.each([
    ['an empty body', () => '', 'InvalidRequest', 'empty'],
    ['no XML', () => 'CreateJob', 'MalformedXML', 'in the request body'],
    ['an open element', swap('</CreateJobRequest>', ''), 'MalformedXML', 'well-formed'],
    ['another root', () => '<Job/>', 'MalformedXML', 'CreateJobRequest'],
    ['two roots', (xml) => `${xml}<a/>`, 'MalformedXML', 'well-formed'],
    ['a DOCTYPE', (xml) => `<!DOCTYPE a>${xml}`, 'MalformedXML', 'well-formed'],
    ['an attribute', swap('<Priority>', '<Priority a="1">'), 'MalformedXML', 'well-formed'],
    ['an unknown entity', swap('example-job', '&nbsp;'), 'MalformedXML', 'well-formed'],
    ['text between elements', swap('<Priority>', 'x<Priority>'), 'MalformedXML', 'well-formed'],
    ['an unknown node', swap('<Priority>', '<Tag/><Priority>'), 'MalformedXML', 'Tag'],
    [
      'a node twice',
      swap('<Priority>', '<Priority>1</Priority><Priority>'),
      'MalformedXML',
      'Priority is there twice',
    ],
    ['no token', swap('>token-1<', '><'), 'InvalidArgument', 'ClientRequestToken'],
    ['a long token', swap('token-1', 't'.repeat(65)), 'InvalidArgument', 'ClientRequestToken'],
    ['a word for a boolean', swap('>false<', '>no<'), 'InvalidArgument', 'ConfirmationRequired'],
    // 86 characters of three bytes.
    ['a long Description', swap('example-job', '中'.repeat(86)), 'InvalidArgument', 'Description'],
    [
      'no Manifest',
      (xml) => xml.replace(/<Manifest>.*<\/Manifest>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    [
      'no Location',
      (xml) => xml.replace(/<Location>.*<\/Location>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    ['no ETag', (xml) => xml.replace(/<ETag>.*<\/ETag>/, ''), 'MalformedXML', 'XML Manifest field'],
    ['an ETag without quotes', (xml) => xml.replace(/"(\w+)"/, '$1'), 'InvalidArgument', 'quotes'],
    ['another ETag', swap(etagOf(MANIFEST), etagOf('')), 'InvalidRequest', 'another ETag'],
    ['a manifest that is not there', swap('m.csv', 'n.csv'), 'InvalidRequest', 'does not exist'],
    ['an ARN without a key', swap('/manifests/m.csv', '/'), 'InvalidArgument', 'ObjectArn'],
    [
      'an ARN with the owner',
      swap('ap-chengdu::', 'ap-chengdu:uid/1250000000:'),
      'InvalidArgument',
      'ObjectArn',
    ],
    ['an ARN without a region', swap('cos:ap-chengdu::', 'cos:::'), 'InvalidArgument', 'ObjectArn'],
    [
      'a bucket of another account',
      swap('source-1250000000/m', 'source-1250000001/m'),
      'InvalidArgument',
      'ObjectArn',
    ],
    ['another Format', swap('COSBatchOperations_CSV_V1', 'CSV'), 'InvalidArgument', 'Format'],
    [
      'CSV without Fields',
      (xml) => xml.replace(/<Fields>.*<\/Fields>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    [
      'an inventory with Fields',
      swap('COSBatchOperations_CSV_V1', 'COSInventoryReport_CSV_V1'),
      'MalformedXML',
      'XML Manifest field',
    ],
    ['an unknown member', swap('>Key<', '>Keys<'), 'InvalidArgument', 'member'],
    ['no Key among the Fields', swap('>Key<', '>Ignore<'), 'InvalidArgument', 'Fields'],
    [
      'no Operation',
      (xml) => xml.replace(/<Operation>.*<\/Operation>/, ''),
      'MalformedXML',
      'XML Operation field',
    ],
    ['no operation in it', operationOf(''), 'MalformedXML', 'XML Operation field'],
    ['two operations', operationOf(`${COPY}<COSDeleteObject/>`), 'MalformedXML', 'exactly one'],
    ['an unknown operation', operationOf('<COSPutObject/>'), 'MalformedXML', 'COSPutObject'],
    ['no target', operationOf('<COSPutObjectCopy/>'), 'MalformedXML', 'TargetResource'],
    [
      'a target without its owner',
      swap(':uid/1250000000:target', '::target'),
      'InvalidArgument',
      'TargetResource',
    ],
    [
      'a target of another owner',
      swap('uid/1250000000', 'uid/1250000001'),
      'InvalidArgument',
      'TargetResource',
    ],
    [
      'another directive',
      inCopy('<MetadataDirective>Replace</MetadataDirective>'),
      'InvalidArgument',
      'MetadataDirective',
    ],
    [
      'MetadataDirective at both places of the sample',
      inCopy(
        '<MetadataDirective>Copy</MetadataDirective><ModifiedSinceConstraint>1</ModifiedSinceConstraint><MetadataDirective>Copy</MetadataDirective>',
      ),
      'MalformedXML',
      'twice',
    ],
    [
      'a prefix without PrefixReplace',
      inCopy('<TargetKeyPrefix>a/</TargetKeyPrefix>'),
      'InvalidArgument',
      'PrefixReplace',
    ],
    [
      'a long prefix',
      inCopy(
        `<PrefixReplace>true</PrefixReplace><TargetKeyPrefix>${'a'.repeat(1_025)}</TargetKeyPrefix>`,
      ),
      'InvalidArgument',
      'TargetKeyPrefix',
    ],
    [
      'a constraint that is no time',
      inCopy('<ModifiedSinceConstraint>today</ModifiedSinceConstraint>'),
      'InvalidArgument',
      'ModifiedSinceConstraint',
    ],
    [
      'tags to replace without tags',
      inCopy('<TaggingDirective>Replaced</TaggingDirective>'),
      'MalformedXML',
      'NewObjectTagging',
    ],
    [
      'another storage class',
      inCopy('<StorageClass>COLD</StorageClass>'),
      'InvalidArgument',
      'StorageClass',
    ],
    [
      'another ACL',
      inCopy('<CannedAccessControlList>public</CannedAccessControlList>'),
      'InvalidArgument',
      'CannedAccessControlList',
    ],
    ['another permission', grant(USER, 'ALL'), 'InvalidArgument', 'Permission'],
    ['another grantee', grant('me', 'READ'), 'InvalidArgument', 'Identifier'],
    [
      'another encryption',
      inCopy('<NewObjectMetadata><SSEAlgorithm>KMS</SSEAlgorithm></NewObjectMetadata>'),
      'InvalidArgument',
      'SSEAlgorithm',
    ],
    ['0 days', restore('0', 'Bulk'), 'InvalidArgument', 'ExpirationInDays'],
    ['366 days', restore('366', 'Bulk'), 'InvalidArgument', 'ExpirationInDays'],
    ['another tier', restore('1', 'Expedited'), 'InvalidArgument', 'JobTier'],
    [
      'nodes in a delete',
      operationOf('<COSDeleteObject><a/></COSDeleteObject>'),
      'MalformedXML',
      'must be empty',
    ],
    ['no Priority', swap('<Priority>10</Priority>', ''), 'InvalidRequest', 'Priority'],
    ['a large Priority', swap('>10<', '>2147483648<'), 'InvalidRequest', 'Priority'],
    ['a Priority below 0', swap('>10<', '>-1<'), 'InvalidRequest', 'Priority'],
    [
      'no Report',
      (xml) => xml.replace(/<Report>.*<\/Report>/, ''),
      'MalformedXML',
      'XML Report field',
    ],
    ['no Enabled', swap('<Enabled>true</Enabled>', ''), 'MalformedXML', 'XML Report field'],
    [
      'a report bucket by name',
      swap(`<Bucket>qcs::cos:ap-chengdu::${SOURCE}`, `<Bucket>${SOURCE}`),
      'InvalidArgument',
      'Report Bucket',
    ],
    [
      'a report in another region',
      swap('<Bucket>qcs::cos:ap-chengdu', '<Bucket>qcs::cos:ap-beijing'),
      'InvalidArgument',
      'region',
    ],
    ['another report format', swap('Report_CSV_V1', 'CSV'), 'InvalidArgument', 'Format'],
    ['a long report prefix', swap('job-result', 'p'.repeat(257)), 'InvalidArgument', 'Prefix'],
    ['another scope', swap('AllTasks', 'All'), 'InvalidArgument', 'ReportScope'],
    ['no role', (xml) => xml.replace(/<RoleArn>.*<\/RoleArn>/, ''), 'InvalidArgument', 'RoleArn'],
    [
      'a role of another account',
      swap('100000000001', '100000000002'),
      'InvalidArgument',
      'RoleArn',
    ],
  ] as [string, (xml: string) => string, string, string][])(
    'refuses %s',
    async (_name, change, code, text) => {
      const { create, simulator } = await setup();
      const body = change(sample());
      const answer = await create(body);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(`<Code>${code}</Code>`);
      expect(answer.body).toContain(text);
      expect(simulator.stats()).toMatchObject({ batchCreates: 1, batchJobs: 0, bodyRefusals: 1 });
    },
  );

  it.each([
    [
      'an inventory',
      (xml: string) =>
        swap(
          'COSBatchOperations_CSV_V1',
          'COSInventoryReport_CSV_V1',
        )(xml.replace(/<Fields>.*<\/Fields>/, '')),
    ],
    [
      'the page layout, declaration and comment',
      (xml: string) =>
        `<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->\n${xml.replaceAll('><', '>\n  <')}\n`,
    ],
    ['a character reference and CDATA', swap('example-job', '&#x4e2d;&quot;<![CDATA[<&]]>')],
    ['a grant', grant(USER, 'FULL_CONTROL')],
    [
      'MetadataDirective at its second place',
      inCopy(
        '<UnModifiedSinceConstraint>1</UnModifiedSinceConstraint><MetadataDirective>Copy</MetadataDirective>',
      ),
    ],
    [
      'another order of its nodes',
      (xml: string) =>
        swap(
          '<CreateJobRequest>',
          '<CreateJobRequest><Priority>10</Priority>',
        )(xml.replace('<Priority>10</Priority><Report>', '<Report>')),
    ],
    // As the vendor's Go client writes it.
    [
      'another order of the nodes of a copy',
      inCopy(
        '<CannedAccessControlList>private</CannedAccessControlList>' +
          '<PrefixReplace>true</PrefixReplace><ResourcesPrefix>a</ResourcesPrefix>',
      ),
    ],
    [
      'the least it needs',
      (xml: string) => xml.replace(/<(ConfirmationRequired|Description|Prefix)>.*?<\/\1>/g, ''),
    ],
  ])('takes %s', async (_name, change) => {
    const { take } = await setup();
    await take(change(sample()));
  });

  it('takes a token once', async () => {
    const { create, take, steps, simulator } = await setup();
    await take(sample());
    for (const body of [sample(), sample().replace('example-job', 'another')]) {
      expect(await create(body)).toMatchObject({
        status: 400,
        body: expect.stringMatching(/<Code>InvalidRequest<.*<Message>Duplicate request</s),
      });
      steps(6);
    }
    expect(simulator.stats().batchJobs).toBe(1);
  });

  it('takes so many jobs at once and no more', async () => {
    const { create, take, steps } = await setup({ maxJobs: 2 });
    await take(sample('a'));
    await take(sample('b'));
    expect(await create(sample('c'))).toMatchObject({
      status: 500,
      body: expect.stringContaining('<Code>TooManyJobs</Code>'),
    });
    steps(6);
    await take(sample('c'));
  });

  it.each([
    ['no APPID', { 'x-cos-appid': undefined }, 400, 'InvalidArgument'],
    ['another APPID', { 'x-cos-appid': '1250000001' }, 400, 'InvalidArgument'],
    ['no Content-MD5', { 'content-md5': undefined }, 400, 'InvalidArgument'],
    ['another Content-MD5', { 'content-md5': md5('', 'base64') }, 400, 'BadDigest'],
    ['another Content-Type', { 'content-type': 'text/xml' }, 400, 'InvalidArgument'],
  ])('refuses %s', async (_name, headers, status, code) => {
    const { create } = await setup();
    const answer = await create(sample(), headers);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
  });

  it.each(['content-length', 'content-md5', 'content-type', 'date', 'host', 'x-cos-appid'])(
    'takes %s that is not signed: a bucket can demand signed headers, Batch does not',
    async (name) => {
      const { call, simulator, headersFor } = await setup();
      const body = sample();
      const partly: Signer = (request, at) => {
        const host = new URL(request.origin).host;
        const all: Record<string, string> = { ...request.headers, host };
        const { [name]: value = '', ...headers } = all;
        const seconds = Math.floor(at.getTime() / 1_000);
        const keyTime = `${seconds};${seconds + 60}`;
        const { authorization } = cosSteps({ ...request, headers }, DEFAULT_KEYS, keyTime);
        return { ...request, headers: { ...headers, [name]: value, authorization } };
      };
      const answer = await call({ method: 'POST', headers: headersFor(body), body }, partly);
      expect(answer.status).toBe(200);
      expect(simulator.stats()).toMatchObject({ batchJobs: 1, signatureRefusals: 0 });
    },
  );

  it('needs no Date', async () => {
    const { create } = await setup();
    expect((await create(sample(), { date: undefined })).status).toBe(200);
  });

  it('asks every call for a signature and the APPID', async () => {
    const { call, simulator } = await setup();
    const unsigned: Signer = (request) => request;
    expect((await call({}, unsigned)).body).toContain('<Code>AccessDenied</Code>');
    expect((await call({ headers: {} })).body).toContain('<Code>InvalidArgument</Code>');
    expect(simulator.stats()).toMatchObject({ batchReads: 2, signatureRefusals: 1 });
  });
});
