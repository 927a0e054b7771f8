/** Packages of apps, which newer buckets of OSS and COS give out through a domain of one's own alone. */
export const isAppPackage = (key: string): boolean => /\.(?:apk|ipa)$/i.test(key);
