/** `waybill/manifest`: reads and checks manifests line by line, and names of manifests. */
export * from '../../shared/manifest/findings.ts';
export * from '../../shared/manifest/key.ts';
export * from '../../shared/manifest/lint.ts';
export * from '../../shared/manifest/read-lines.ts';
