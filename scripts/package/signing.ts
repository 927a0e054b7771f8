/** `waybill/signing`: signatures of Tencent COS, Huawei and webhooks, and tokens of callback addresses. */
export * from '../../shared/signing/callback-token.ts';
export * from '../../shared/signing/cos.ts';
export * from '../../shared/signing/explain.ts';
export * from '../../shared/signing/huawei.ts';
export * from '../../shared/signing/webhook.ts';
