/** Words by which sources refuse an address, as they say them and as providers pass them on. */

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export const KEY_CODES =
  /\b(?:ExpiredToken|InvalidAccessKeyId|InvalidToken|TokenRefreshRequired)\b/;

export const REGION_CODES =
  /\b(?:30[127]|PermanentRedirect|TemporaryRedirect|AuthorizationQueryParametersError|AuthorizationHeaderMalformed|IllegalLocationConstraintException)\b/;

/** `the region 'us-east-1' is wrong; expecting 'eu-west-1'`, or a host. */
const OTHER_REGION =
  /expecting '([a-z0-9-]+)'|<Region>([a-z0-9-]+)<|\bs3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.|the bucket is in ([a-z0-9-]+)/;

/** The region that a refusal names. */
export const otherRegion = (text: string): string | undefined =>
  OTHER_REGION.exec(text)?.slice(1).find(Boolean);

export const DOMAIN_CODES = /\b(?:Apk)?DownloadForbidden\b/;

export const SIGNATURE_CODES = /\bSignature(?:DoesNot|Not)Match\b/;

export const ENDED = /has expired\b/;

export const EARLY = /not valid yet|not yet valid|RequestTimeTooSkewed/;
